#!lua
-- Tells how many replicas of a subscription are alive. Reads only.
--
-- KEYS[1]  replicas  ZSET
-- KEYS[2]  subs      HASH
-- ARGV[1]  subscription
-- result   {how many, when one was last heard of in milliseconds or ''}, or {-1, ''} if there is no such subscription

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return {-1, ''} end

-- include since

local now, heard = clock_ms(), redis.call('ZSCORE', KEYS[1], '~heard')
local alive = redis.call('ZCOUNT', KEYS[1], '(' .. string.format('%.0f', now), '+inf')
-- Only if the clock was set back.
if heard and tonumber(heard) > now then alive = alive - 1 end
return {alive, heard or ''}
