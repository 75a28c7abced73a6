#!lua flags=allow-oom
-- Tells a replica whether its subscription is paused, and its rate limit, which a replica that begins may set. A limit
-- that it declares counts if it is another than the one declared last: what an operator has set holds until then.
-- Whoever asks counts as alive for a while.
--
-- KEYS[1]  state     HASH
-- KEYS[2]  bell      sharded channel
-- KEYS[3]  replicas  ZSET
-- ARGV[1]  subscription
-- ARGV[2]  the limit that the replica declares: `<events>/<microseconds>/<burst>`; '' for none
-- ARGV[3]  1 if it begins; 0 if it runs: then its limit counts only where none was declared, for the store was emptied
-- ARGV[4]  the replica
-- ARGV[5]  milliseconds for which it counts as alive from now on
-- result   {since when it is paused in milliseconds or '', its limit or ''}

-- include since
-- include hear

hear(KEYS[3], clock_ms(), ARGV[4], ARGV[5])

local paused, limit, declared = unpack(redis.call('HMGET', KEYS[1], 'paused', 'limit', 'declared'))

local function declare()
  redis.call('HSET', KEYS[1], 'declared', ARGV[2])
  if ARGV[2] == '' then
    redis.call('HDEL', KEYS[1], 'limit')
  else
    redis.call('HSET', KEYS[1], 'limit', ARGV[2])
  end
  limit = ARGV[2]
  redis.call('SPUBLISH', KEYS[2], 'state:' .. ARGV[1])
end

local is_new = ARGV[2] ~= (declared or '')
if is_new and (ARGV[3] == '1' or not declared) then declare() end
return {paused or '', limit or ''}
