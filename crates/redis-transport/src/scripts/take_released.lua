#!lua flags=allow-oom
-- Takes what was handed back. No token: whoever has room may take, and each delivery is taken once.
--
-- KEYS[l]    the l-th stream, at most 20
-- KEYS[L+1]  finished  ZSET  for those who ask not to be given again what they have finished
-- ARGV[1]    subscription
-- ARGV[2]    consumer
-- ARGV[3]    how many deliveries may be taken
-- ARGV[4]    L, how many streams
-- result     for each delivery {l, entry, starts, 1 if it may be handled as it is or 2 if it was finished before, else 0,
--            its fields}

-- include guard

local stream_count = tonumber(ARGV[4])
local was_finished = KEYS[stream_count + 1] and open_guard(KEYS[stream_count + 1])
local group, consumer, left = ARGV[1], ARGV[2], tonumber(ARGV[3])

-- include claimed

local taken = {}
for l = 1, stream_count do
  if left > 0 and is_held(KEYS[l]) then
    local before, released = #taken, nil
    -- Deleted entries must not hide the others behind them.
    repeat
      released = redis.call('XPENDING', KEYS[l], group, '-', '+', math.min(left, 50), '~released')
      for _, held in ipairs(released) do
        redis.call('XCLAIM', KEYS[l], group, consumer, 0, held[1], 'JUSTID')
        taken[#taken + 1] = describe(l, KEYS[l], held[1])
      end
    until #taken > before or #released == 0
    left = left - (#taken - before)
  end
end
return taken
