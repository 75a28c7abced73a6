#!lua flags=allow-oom
-- Hands deliveries back, for any consumer to take at once: they belong to `~released`, as idle as after a lease.
--
-- KEYS[1]    bell  sharded channel
-- KEYS[1+l]  the l-th stream
-- ARGV[1]    subscription
-- ARGV[2]    consumer
-- ARGV[3]    lease in milliseconds
-- ARGV[4+]   for each delivery, at most 100: l, entry, starts, starts from now on
-- result     for each delivery 1, or 0 if it was not the consumer's any more

local group, consumer, lease = ARGV[1], ARGV[2], ARGV[3]

-- include held

local done, any = {}, false
for at = 4, #ARGV, 4 do
  local stream, entry = KEYS[1 + tonumber(ARGV[at])], ARGV[at + 1]
  if holds(stream, group, entry, consumer, ARGV[at + 2]) then
    redis.call('XCLAIM', stream, group, '~released', 0, entry, 'IDLE', lease, 'RETRYCOUNT', ARGV[at + 3], 'JUSTID')
    done[#done + 1], any = 1, true
  else
    done[#done + 1] = 0
  end
end
if any then redis.call('SPUBLISH', KEYS[1], 'released:' .. group) end
return done
