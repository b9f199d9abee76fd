"""What a person has a webhook told once more: what was given up, or all since an instant, as far as it is kept; and at
once, after a test that it took."""

from datetime import datetime

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.bookmarks import MISS
from jobs.ledger.fields import to_ms
from jobs.ledger.keys import Due, Events
from jobs.ledger.script import Argument, Script
from jobs.ledger.submissions import new_token
from jobs.ledger.subscriptions import LISTEN, Subscription, listed

A_STEP = 500
"""Of so many a script sees whether they are still kept: about 1 ms of the server's time."""


_TELL_AGAIN = Script(
    MISS,
    """
-- KEYS: 1 bookmark, 2 events to tell again, 3 events given up, 4 purged events, 5 stream of work, 6 stream of drops
-- ARGV: 1 token, 2 now (ms), 3 most.  Sent twice, the second finds its token, and what the first came to.
if redis.call('EXISTS', KEYS[1]) == 0 then return {0, 0} end
local token, seen, kept = string.match(redis.call('HGET', KEYS[1], 'replayed') or '', '^(%S+) (%d+) (%d+)$')
if token == ARGV[1] then return {tonumber(seen), tonumber(kept)} end
seen, kept = 0, 0
for _, event in ipairs(redis.call('ZRANGE', KEYS[3], 0, ARGV[3] - 1)) do
  local place = string.sub(event, 2)
  local stream = string.sub(event, 1, 1) == 'd' and KEYS[6] or KEYS[5]
  seen = seen + 1
  redis.call('ZREM', KEYS[3], event)
  if redis.call('XRANGE', stream, place, place)[1] then
    kept = kept + 1
    redis.call('ZADD', KEYS[2], ARGV[2], event)
  elseif not redis.call('ZSCORE', KEYS[4], place) then miss(KEYS[1], 1, string.match(place, '^%d+')) end
end
redis.call('HSET', KEYS[1], 'replayed', ARGV[1] .. ' ' .. seen .. ' ' .. kept)
return {seen, kept}
""",
)

_GO_BACK = Script("""
-- KEYS: 1 bookmark, 2 numbers of events, 3... streams.  ARGV: 1 instant (ms)
-- Never forwards: what is still to be told lies there. Sent twice, the second finds that it is there.
if redis.call('EXISTS', KEYS[1]) == 0 then return end
for key = 3, #KEYS do
  local stream = KEYS[key]
  local before = string.format('%.0f', ARGV[1] - 1)
  if tonumber(before) < tonumber(string.match(redis.call('HGET', KEYS[1], 'place:' .. stream) or '0', '^%d+')) then
    local place = before .. '-18446744073709551615'
    local first = redis.call('XRANGE', stream, '(' .. place, '+', 'COUNT', 1)[1]
    local number = redis.call('HGET', KEYS[2], stream) or 0
    if first and first[2][1] == 'number' then number = string.format('%.0f', first[2][2] - 1) end
    redis.call('HSET', KEYS[1], 'place:' .. stream, place, 'number:' .. stream, number)
  end
end
""")

_SWITCH_ON = Script(
    LISTEN,
    """
-- KEYS: 1 bookmark, 2 due webhooks.  ARGV: 1 name, 2 now (ms), 3 ' streams '.  Sent twice, the second finds it on.
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HDEL', KEYS[1], 'off_since', 'off_why', 'failures', 'rests_until')
listen(ARGV[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[1])
""",
)

_CAME_BACK = Script("""
-- KEYS: 1 bookmark, 2 due webhooks.  ARGV: 1 name, 2 now (ms), 3 what it answered.
-- Sent twice, the second finds no rest.
if redis.call('EXISTS', KEYS[1]) == 0 then return end
redis.call('HSET', KEYS[1], 'last_answer', ARGV[3])
if redis.call('HDEL', KEYS[1], 'failures', 'rests_until') > 0 then
  redis.call('ZADD', KEYS[2], 'XX', 'LT', ARGV[2], ARGV[1])
end
""")


def tell_untold_again(redis: Redis, webhook: Subscription, *, now: datetime) -> int:
    """Have everything that was given up told once more, as far as it is kept; answers how many events that is. It
    notes the others as missed.
    """
    names = [keys.webhook(webhook.id), keys.webhook_again(webhook.id), keys.webhook_untold(webhook.id)]
    names += [keys.PURGED_EVENTS, Events.WORK, Events.DROPS]
    total, seen = 0, A_STEP
    while seen == A_STEP:
        seen, kept = map(int, _TELL_AGAIN(redis, names, [new_token(), to_ms(now), A_STEP]))
        total += kept
    return total


def go_back(redis: Redis, webhook: Subscription, since: datetime) -> None:
    """Have everything told once more that happened since then, as far as it is kept."""
    _GO_BACK(redis, [keys.webhook(webhook.id), keys.EVENT_NUMBERS, *webhook.streams()], [to_ms(since)])


def switch_on(redis: Redis, webhook: Subscription, *, now: datetime) -> None:
    """Have it told from now on if it was off, and at once if it rests."""
    arguments: list[Argument] = [webhook.name, to_ms(now), listed(webhook.streams())]
    _SWITCH_ON(redis, [keys.webhook(webhook.id), Due.WEBHOOK], arguments)


def came_back(redis: Redis, webhook: Subscription, answer: str, *, now: datetime) -> None:
    """It has taken a person's test, and answered so: its rest is over. One that is switched off stays so."""
    _CAME_BACK(redis, [keys.webhook(webhook.id), Due.WEBHOOK], [webhook.name, to_ms(now), answer])
