-- Tells of the fields of an entry whether the subscription has finished that event before, and not too long ago. Opened
-- before anything is taken: what can't be checked must not be.
local function open_guard(finished)
  if redis.call('ZCARD', finished) == 0 then return function() return false end end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  return function(fields)
    for at = 1, #fields, 2 do
      local until_ms = fields[at] == 'm' and redis.call('ZSCORE', finished, fields[at + 1])
      if until_ms then return tonumber(until_ms) > now end
    end
    return false
  end
end
