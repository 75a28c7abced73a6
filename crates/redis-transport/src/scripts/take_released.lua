#!lua flags=allow-oom
-- Takes what was handed back. No token: whoever has room may take, and each delivery is taken once.
--
-- KEYS[l]    the l-th stream, at most 20
-- ARGV[1]    subscription
-- ARGV[2]    consumer
-- ARGV[3]    how many deliveries may be taken
-- result     for each delivery {l, entry, starts, 1 if it may be handled as it is, its fields}

local group, consumer, left = ARGV[1], ARGV[2], tonumber(ARGV[3])

-- include claimed

local taken = {}
for l = 1, #KEYS do
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
