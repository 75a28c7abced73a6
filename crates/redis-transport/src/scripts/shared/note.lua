-- So many ends are kept, and so many are let go of at once.
local MOST_NOTED, MOST_FORGOTTEN = 1000000, 1000

-- Notes which events a subscription has finished, for so many milliseconds, and forgets some of those whose time is over.
local function note_finished(finished, window_ms, members)
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local until_ms = string.format('%.0f', now + window_ms)
  for _, member in ipairs(members) do redis.call('ZADD', finished, until_ms, member) end

  local over = redis.call('ZCOUNT', finished, '-inf', now)
  if over > 0 then redis.call('ZREMRANGEBYRANK', finished, 0, math.min(over, MOST_FORGOTTEN) - 1) end
  local excess = redis.call('ZCARD', finished) - MOST_NOTED
  if excess > 0 then redis.call('ZREMRANGEBYRANK', finished, 0, math.min(excess, MOST_FORGOTTEN) - 1) end
  -- With nobody who finishes anything, all of it goes by itself.
  redis.call('PEXPIRE', finished, window_ms, 'NX')
  redis.call('PEXPIRE', finished, window_ms, 'GT')
end
