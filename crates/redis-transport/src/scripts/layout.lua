#!lua
-- Creates the index layout of a partition, if there is none, and answers what is stored.
--
-- KEYS[1]  layout  HASH
-- ARGV[1]  first version
-- ARGV[2]  first slices: `from_ms:slice_ms`, joined by `,`
-- result   {version, slices}

if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'version', ARGV[1], 'slices', ARGV[2])
end

local stored = redis.call('HMGET', KEYS[1], 'version', 'slices')
return {tonumber(stored[1]) or 0, stored[2] or ''}
