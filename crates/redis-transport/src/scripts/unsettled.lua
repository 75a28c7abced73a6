#!lua flags=no-writes
-- Tells how much waits for a subscription in some lanes of one partition.
--
-- KEYS[i]  lane  STREAM, at most 20
-- ARGV[1]  subscription
-- result   for each lane how many entries it has not settled; -1 if it has no group there

-- include position

local depths = {}
for i = 1, #KEYS do
  local at = position(KEYS[i], ARGV[1])
  depths[i] = at and at.pending + unread(KEYS[i], fields(redis.call('XINFO', 'STREAM', KEYS[i])), at) or -1
end
return depths
