#!lua flags=allow-oom
-- Removes a subscription from one partition, a part at a time: first its registration, so that nobody makes its groups
-- anew, then its groups, then its keys. Who began to read it before this removal can't bring it back: that is known for
-- seven days, of the 10,000 subscriptions that were removed last.
--
-- KEYS[1]     removed  ZSET
-- KEYS[2]     subs     HASH
-- KEYS[3]     starts   HASH
-- KEYS[4]     bell     sharded channel
-- KEYS[5]     removing HASH     in the first partition only
-- KEYS[6]     removals SET      in the first partition only
-- KEYS[6+l]   the l-th lane, at most 20  STREAM
-- KEYS[7+L..] keys to delete, at most 120
-- ARGV[1]     subscription
-- ARGV[2]     when its removal began
-- ARGV[3]     1 if this is the first partition, which is the last to be cleared
-- ARGV[4]     L, how many lanes
-- ARGV[4+l]   number of the l-th lane
-- result      `STALE` if a later removal has begun, else how many groups were destroyed

local KEEP_MS, MOST = 604800000, 10000

local group, began, lanes = ARGV[1], ARGV[2], tonumber(ARGV[4])

-- include removed

if is_removed(KEYS[1], group, began) then return redis.status_reply('STALE') end
-- The call that ended it may come twice, if its answer was lost: by then it may have begun anew.
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[5]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], began, group)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', began - KEEP_MS)
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - MOST)

local was_known = redis.call('HDEL', KEYS[2], group) == 1
if was_known then redis.call('HINCRBY', KEYS[2], '~version', 1) end

redis.call('HDEL', KEYS[3], group .. '\n~remade')
local destroyed = 0
for l = 1, lanes do
  local made = redis.pcall('XGROUP', 'DESTROY', KEYS[6 + l], group)
  if made == 1 then destroyed = destroyed + 1 end
  local field = group .. '\n' .. ARGV[4 + l]
  redis.call('HDEL', KEYS[3], field, field .. '\nadded', field .. '\nleft', field .. '\nmark',
    field .. '\ndropped', field .. '\ndrops', field .. '\njoining')
end
for at = 7 + lanes, #KEYS do redis.call('UNLINK', KEYS[at]) end
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[5]) == 0 then redis.call('SREM', KEYS[6], group) end

-- What it alone had not settled may be trimmed now.
if was_known or destroyed > 0 then redis.call('SPUBLISH', KEYS[4], 'removed:' .. group) end
return destroyed
