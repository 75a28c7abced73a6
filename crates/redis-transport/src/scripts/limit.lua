#!lua flags=allow-oom
-- Sets or lifts the rate limit of a subscription, and tells its replicas.
--
-- KEYS[1]  state  HASH
-- KEYS[2]  subs   HASH
-- KEYS[3]  bell   sharded channel
-- ARGV[1]  subscription
-- ARGV[2]  its limit: `<events>/<microseconds>/<burst>`; '' for none
-- result   1 if that changed it, 0 if it was so before, -1 if there is no such subscription

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return -1 end
if (redis.call('HGET', KEYS[1], 'limit') or '') == ARGV[2] then return 0 end

if ARGV[2] == '' then
  redis.call('HDEL', KEYS[1], 'limit')
else
  redis.call('HSET', KEYS[1], 'limit', ARGV[2])
end
redis.call('SPUBLISH', KEYS[3], 'state:' .. ARGV[1])
return 1
