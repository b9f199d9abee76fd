"""Saying of every drop without a call record that none came: Lua for whatever ends a submission."""

CLOSE = r"""
local function close(submission, campaign, phones, dispositions)  -- a second time nothing is pending any more
  local count, closed = redis.call('STRLEN', phones) / 5, 0
  local table = redis.call('GET', dispositions) or ''
  for index = 0, count - 1 do
    if (string.byte(table, index * 9 + 1) or 0) == 0 then
      redis.call('SETRANGE', dispositions, index * 9, '\3\0\0\0\0\0\0\0\0')
      closed = closed + 1
    end
  end
  redis.call('HINCRBY', submission, 'd:no_record', closed)
  redis.call('HINCRBY', campaign, 'd:no_record', closed)
  return closed
end
"""
"""`close(submission's key, campaign's key, phones' key, dispositions' key)`; answers how many there were."""
