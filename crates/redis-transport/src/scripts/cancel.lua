#!lua flags=allow-oom
-- Prevents an event that waits for its time.
--
-- KEYS[1]  lanes       HASH
-- KEYS[2]  later       ZSET
-- KEYS[3]  events      HASH
-- KEYS[4]  tenants     HASH
-- KEYS[5]  the event's index bucket  STRING
-- KEYS[6]  what that bucket has no room for  HASH
-- KEYS[7]  unreadable  HASH
-- ARGV[1]  version of the layout that the bucket was found with
-- ARGV[2]  seconds that an id is remembered
-- ARGV[3]  member: 16 bytes of the event's id, then its tenant
-- result   `STALE` if the layout has another version, else `cancelled`, `already_cancelled`, `too_late` or `unknown`

if redis.call('HGET', KEYS[1], '~layout') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include bucket
-- include late
-- include later

local member = ARGV[3]
local bucket = open_bucket(KEYS[5], KEYS[6], 1, ARGV[2])

if not redis.call('ZSCORE', KEYS[2], member) then
  local place = place_in(bucket, member)
  if place == 'cancelled' then return 'already_cancelled' end
  if place and not string.find(place, '^due:') then return 'too_late' end
  -- Its time came, though it could not be read then.
  return redis.call('HEXISTS', KEYS[7], member) == 1 and 'too_late' or 'unknown'
end

put_in(bucket, member, 'cancelled')
save_bucket(bucket)
redis.call('ZREM', KEYS[2], member)
redis.call('HDEL', KEYS[3], member, late_field(member))
count_later(KEYS[4], string.sub(member, 17), -1)
return 'cancelled'
