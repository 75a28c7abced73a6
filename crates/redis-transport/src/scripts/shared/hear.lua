-- Notes that a replica was heard of, which then counts as alive for so long: not any more, if that is nothing. Those that
-- were not heard of for too long go.
local function hear(replicas, now, replica, lasting)
  redis.call('ZREMRANGEBYSCORE', replicas, '-inf', now)
  redis.call('ZREM', replicas, replica)
  redis.call('ZADD', replicas, now, '~heard')
  if tonumber(lasting) > 0 then redis.call('ZADD', replicas, now + lasting, replica) end
end
