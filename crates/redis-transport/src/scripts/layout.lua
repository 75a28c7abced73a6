#!lua flags=allow-oom
-- Creates the index layout of a partition, if there is none, and answers what is stored. Its first version is the time:
-- one that was lost and made anew is never taken for the one that was there before.
--
-- KEYS[1]  lanes  HASH
-- ARGV[1]  first slices: `from_ms:slice_ms`, joined by `,`
-- result   {version, slices}, as stored

if redis.call('HEXISTS', KEYS[1], '~layout') == 0 then
  local now = redis.call('TIME')
  local version = string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000))
  redis.call('HSET', KEYS[1], '~layout', version, '~slices', ARGV[1])
end

local stored = redis.call('HMGET', KEYS[1], '~layout', '~slices')
return {stored[1], stored[2] or ''}
