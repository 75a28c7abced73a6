#!lua flags=allow-oom
-- A replica leaves in order: it does not count as alive any more.
--
-- KEYS[1]  replicas  ZSET
-- ARGV[1]  the replica
-- result   1 if it counted, else 0

-- include since
-- include hear

-- What nobody knows of is not made anew by who leaves.
if not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
hear(KEYS[1], clock_ms(), ARGV[1], 0)
return 1
