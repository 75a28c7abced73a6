#!lua flags=allow-oom
-- Renews leases: the idle time of what the consumer still holds begins anew.
--
-- KEYS[l]   the l-th stream
-- ARGV[1]   subscription
-- ARGV[2]   consumer
-- ARGV[3+]  for each delivery, at most 100: l, entry, starts
-- result    for each delivery 1, or 0 if it was not the consumer's any more

local group, consumer = ARGV[1], ARGV[2]

-- include held

local done = {}
for at = 3, #ARGV, 3 do
  local stream, entry = KEYS[tonumber(ARGV[at])], ARGV[at + 1]
  if holds(stream, group, entry, consumer, ARGV[at + 2]) then
    redis.call('XCLAIM', stream, group, consumer, 0, entry, 'JUSTID')
    done[#done + 1] = 1
  else
    done[#done + 1] = 0
  end
end
return done
