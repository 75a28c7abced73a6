#!lua flags=allow-oom
-- Ends deliveries that succeeded, for a replica that may have been taken for dead meanwhile. Where the subscription was
-- removed since, nothing: who began anew may have been given the same entries, and has finished none of them.
--
-- KEYS[1]   lane     STREAM
-- KEYS[2]   removed  ZSET
-- ARGV[1]   subscription
-- ARGV[2]   since when the one who ends them has been a replica
-- ARGV[3+]  entry of each delivery, at most 500
-- result    how many were not ended before

-- include removed

if is_removed(KEYS[2], ARGV[1], ARGV[2]) then return 0 end
return redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 3))
