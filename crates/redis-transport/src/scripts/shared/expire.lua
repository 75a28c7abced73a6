local function let_go(members, count_as, now)
  if #members == 0 then return 0 end
  redis.call('ZREM', KEYS[1], unpack(members))
  redis.call('HDEL', KEYS[2], unpack(members))
  for _, member in ipairs(members) do redis.call('ZADD', KEYS[5], now, member) end
  redis.call('HINCRBY', KEYS[4], count_as, #members)
  return #members
end

-- Lets go of letters that are too old or too many, at most 100 of each. KEYS: dead, letters, exceptions, books, gone.
local function expire(now, ttl, cap, known)
  local old = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ttl, 'LIMIT', 0, 100)
  local gone = let_go(old, 'expired', now)
  local too_many = math.min(redis.call('ZCARD', KEYS[1]) - cap, 100)
  if too_many > 0 then gone = gone + let_go(redis.call('ZRANGE', KEYS[1], 0, too_many - 1), 'dropped', now) end
  -- They are failures still, until nobody can ask for them any more.
  local forgotten = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now - known, 'LIMIT', 0, 200)
  for _, member in ipairs(forgotten) do
    if not redis.call('ZSCORE', KEYS[1], member) then redis.call('HDEL', KEYS[3], member) end
    redis.call('ZREM', KEYS[5], member)
  end
  return gone
end
