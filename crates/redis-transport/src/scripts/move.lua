#!lua flags=allow-oom
-- Moves what is due to the retry stream: at most 100 or 1 MiB, but at least one. Each is stored there before it leaves.
--
-- KEYS[1]  due         ZSET
-- KEYS[2]  waiting     HASH
-- KEYS[3]  retry       STREAM
-- KEYS[4]  exceptions  HASH
-- KEYS[5]  bell        sharded channel
-- ARGV[1]  subscription
-- result   {how many were moved, milliseconds until the next is due or -1, how many wait now}

local group = ARGV[1]

-- include held
-- include glob
-- include waiting

local now = now_ms()
local moved, bytes = 0, 0

local function move(member, packed)
  local failures, first, lane, _, envelope = unpack(cmsgpack.unpack(packed))
  local fields = {'i', string.sub(member, 1, 16), 't', string.sub(member, 17), 'e', envelope, 'f', failures, 'w', first, 'l', lane}
  local entry = redis.call('XADD', KEYS[3], 'NOMKSTREAM', '*', unpack(fields))
  if not entry then
    make_group(KEYS[3], group, '0')
    entry = redis.call('XADD', KEYS[3], '*', unpack(fields))
  end
  redis.call('HSET', KEYS[4], member, 'retrying:' .. failures .. ':' .. entry)
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)) do
  local packed = redis.call('HGET', KEYS[2], member)
  if packed then
    move(member, packed)
    moved = moved + 1
    bytes = bytes + #packed
  else
    redis.call('HDEL', KEYS[4], member)
  end
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], member)
  if bytes >= 1048576 then break end
end

if moved > 0 then redis.call('SPUBLISH', KEYS[5], 'retry:' .. group) end
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local wait = head and math.max(0, math.ceil(tonumber(head) - now)) or -1
return {moved, wait, count_waiting(KEYS[1], KEYS[3], group)}
