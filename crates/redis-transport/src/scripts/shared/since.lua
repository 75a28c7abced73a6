-- The clock, in milliseconds.
local function clock_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end

-- Notes when the first of all subscriptions was registered: again, where the list of them was lost.
local function note_first(subs, starts)
  if redis.call('EXISTS', subs) == 0 then redis.call('HSET', starts, '~since', clock_ms()) end
end
