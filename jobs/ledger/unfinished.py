"""Which campaigns are not over, and what of them stands in no due set, so that nobody would look at it again.

A campaign comes into the index in the step that takes it, and leaves it when it is looked at and found to be over, with
no earlier attempt that is still looked for: that is final, unless a stray of it turns up, which brings it back. So a
look costs what is unfinished, however many campaigns have ended.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from redis import Redis

from jobs.ledger import keys
from jobs.ledger.fields import text, to_ms
from jobs.ledger.keys import Due
from jobs.ledger.script import Argument, Script
from jobs.models import Intent, Run, SubmissionState

FORMER = "former"
"""What is wrong with a submission that is in its place, and of which nobody looks for an earlier attempt."""

SUBMISSIONS_A_STEP = 100
"""Submissions that one script looks at, and the rest of the last campaign: about 3 ms of the server's time."""

_LOOK = Script("""
-- KEYS: 1 unfinished campaigns, 2 all campaigns, 3 due to control, 4 what a campaign's name begins with,
--       5 what a submission's name begins with, 6 due to end, 7 what the name of its strays begins with,
--       8 due to settle, 9... due sets
-- ARGV: 1 now (ms), 2 passes over who was looked at after (ms), 3 most submissions, 4 an attempt that was sent until
--       then (ms) is not looked for any more, 5 how many states, (state, number of its due set among the KEYS) each,
--       (intent, run of a session in step with it) each
-- Answers how many campaigns it looked at, then (id, what it is) of each that stood nowhere, and now is due.
-- Sent twice, the second looks at those that come next.
if not redis.call('ZSCORE', KEYS[1], '-') then  -- a ledger from before there was an index, or one that lost it
  redis.call('ZUNIONSTORE', KEYS[1], 2, KEYS[1], KEYS[2], 'AGGREGATE', 'MIN')
  redis.call('ZADD', KEYS[1], '+inf', '-')
end
local due_of, run_of, first_intent = {}, {}, 6 + 2 * ARGV[5]
for at = 6, first_intent - 1, 2 do due_of[ARGV[at]] = tonumber(ARGV[at + 1]) end
for at = first_intent, #ARGV, 2 do run_of[ARGV[at]] = ARGV[at + 1] end
local found = {0}
local function add(due, id, what)
  if redis.call('ZADD', due, 'NX', ARGV[1], id) == 1 then
    found[#found + 1] = id
    found[#found + 1] = what
  end
end
local function is_looked_for(sent_at) return tonumber(sent_at or 0) > tonumber(ARGV[4]) end
local function look(campaign)
  local intent, number, count, terms =
    unpack(redis.call('HMGET', KEYS[4] .. campaign, 'intent', 'intent_number', 'submissions', 'terms'))
  local is_open, is_behind, may_run = false, false, false
  count = tonumber(count or 0)
  for index = 1, count do
    local id = campaign .. '-' .. index
    local state, run, sent_at, former, closed, alone =
      unpack(redis.call('HMGET', KEYS[5] .. id, 'state', 'run', 'sent_at', 'former', 'd:no_record', 'alone'))
    local asked, under = string.match(alone or '', '^(.*)@(.*)$')
    local wanted = run_of[under == number and asked or intent]
    local due = due_of[state]
    local is_given_up = state == 'given_up'  -- it may turn up, or its phones are not closed yet
    if is_given_up and closed and not is_looked_for(sent_at) then due = nil end
    if due then
      is_open, may_run = true, may_run or (run ~= 'ended' and not is_given_up)
      if state ~= 'unknown' or is_looked_for(sent_at) then add(KEYS[due], id, state) end
    end
    if not is_given_up and is_looked_for(string.match(former or '', '@(%d+)$')) then  -- its youngest earlier attempt
      is_open = true
      add(KEYS[8], id, 'former')
    end
    if state == 'accepted' then
      run = run or 'going'
      is_behind = is_behind or (run ~= wanted and run ~= 'ended')
    elseif state == 'planned' or state == 'claimed' then
      is_behind = is_behind or wanted == 'ended'
    end
  end
  if is_behind then add(KEYS[3], campaign, intent) end
  for _, run in ipairs(intent and redis.call('HVALS', KEYS[7] .. campaign) or {}) do
    if run ~= 'ended' then
      is_open = true
      add(KEYS[3], campaign, 'stray')
    end
  end
  if may_run and string.find(terms or '', '"ends_at":"', 1, true) then add(KEYS[6], campaign, 'end') end
  if is_open then redis.call('ZADD', KEYS[1], ARGV[1], campaign) else redis.call('ZREM', KEYS[1], campaign) end
  return count
end
local left = tonumber(ARGV[3])
for _, campaign in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])) do
  left = left - look(campaign)
  found[1] = found[1] + 1
  if left <= 0 then break end
end
return found
""")


@dataclass(frozen=True, slots=True)
class Forgotten:
    """A submission or a campaign that stood in no due set; by now it is due."""

    id: str
    what: str
    """The submission's state, or `FORMER`; or what is wanted of the campaign: an intent, `end` at its end time, or
    `stray` where one has to be stopped.
    """


def look(
    redis: Redis,
    due_while: Mapping[SubmissionState, Due],
    wanted_runs: Mapping[Intent, Run],
    *,
    settled_for: timedelta,
    now: datetime,
    since: datetime,
    most: int,
) -> Iterator[Forgotten]:
    """Have somebody look at whatever stands nowhere, of at most `most` campaigns that nobody looked at after `since`.

    `due_while` says where a submission must stand in each state in which its campaign is not over. An unknown one, and
    one with earlier attempts, is looked for until `settled_for` after the last of these was sent.
    """
    names = [keys.UNFINISHED, keys.CAMPAIGNS, Due.CONTROL, keys.campaign(""), keys.submission(""), Due.END]
    names += [keys.strays(""), Due.SETTLE]
    states: list[Argument] = [to_ms(now - settled_for), len(due_while)]
    for state, due in due_while.items():
        names.append(due)
        states += [state, len(names)]
    runs = [word for pair in wanted_runs.items() for word in pair]
    while most > 0:
        step = min(most, SUBMISSIONS_A_STEP)
        looked, *found = map(text, _LOOK(redis, names, [to_ms(now), to_ms(since), step, *states, *runs]))
        yield from map(Forgotten, found[::2], found[1::2])
        if looked == "0":
            return
        most -= int(looked)
