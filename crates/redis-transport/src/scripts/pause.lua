#!lua flags=allow-oom
-- Pauses or resumes a subscription, and tells its replicas.
--
-- KEYS[1]  state  HASH
-- KEYS[2]  subs   HASH
-- KEYS[3]  bell   sharded channel
-- ARGV[1]  subscription
-- ARGV[2]  1 to pause it, 0 to resume it
-- result   1 if that changed it, 0 if it was so before, -1 if there is no such subscription

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return -1 end

local changed
if ARGV[2] == '1' then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  changed = redis.call('HSETNX', KEYS[1], 'paused', string.format('%.0f', now))
else
  changed = redis.call('HDEL', KEYS[1], 'paused')
end
if changed == 1 then redis.call('SPUBLISH', KEYS[3], 'state:' .. ARGV[1]) end
return changed
