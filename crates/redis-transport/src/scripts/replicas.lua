#!lua flags=no-writes
-- Tells how many replicas of a subscription are alive. Reads only.
--
-- KEYS[1]  replicas  ZSET
-- KEYS[2]  subs      HASH
-- ARGV[1]  subscription
-- result   {how many, when one was last heard of in milliseconds or ''}, or {-1, ''} if there is no such subscription

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return {-1, ''} end

-- include since
-- include alive

local alive, heard = alive_of(KEYS[1], clock_ms())
return {alive, heard and string.format('%.0f', heard) or ''}
