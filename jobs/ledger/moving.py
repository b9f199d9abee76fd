"""Counting a submission in its new state, and telling of it: Lua for whatever moves one."""

from jobs.ledger.events import TELL

COUNTED_MOVE = (
    TELL
    + """
local function moved(submission, campaign, from, to)
  local phones = redis.call('HGET', submission, 'phones') - (redis.call('HGET', submission, 'd:screened') or 0)
  redis.call('HSET', submission, 'state', to)
  redis.call('HINCRBY', campaign, 'n:' .. from, -1)
  redis.call('HINCRBY', campaign, 'n:' .. to, 1)
  redis.call('HINCRBY', campaign, 'p:' .. from, -phones)
  redis.call('HINCRBY', campaign, 'p:' .. to, phones)
  if to == 'planned' or to == 'claimed' or to == 'sending' then return end
  tell('submission.' .. to, campaign, submission)
  if to == 'accepted' then return end
  local left = redis.call('HMGET', campaign, 'n:planned', 'n:claimed', 'n:sending', 'n:accepted', 'n:unknown')
  for at, number in ipairs(left) do left[at] = tonumber(number or 0) end
  if left[1] + left[2] + left[3] + left[4] > 0 then return end
  tell(left[5] > 0 and 'campaign.needs_decision' or 'campaign.ended', campaign)
end
"""
)
"""`moved(submission's key, campaign's key, from state, to state)`, once in each move that is allowed."""
