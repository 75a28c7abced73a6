#!lua flags=allow-oom
-- Moves what is due to the retry stream: at most 100 or 1 MiB, but at least one. Each is stored there before it leaves.
-- What can't be read goes to the dead letters as it is, for it would be met again and again.
--
-- KEYS[1]  due         ZSET
-- KEYS[2]  waiting     HASH
-- KEYS[3]  retry       STREAM
-- KEYS[4]  exceptions  HASH
-- KEYS[5]  bell        sharded channel
-- KEYS[6]  dead        ZSET
-- KEYS[7]  letters     HASH
-- ARGV[1]  subscription
-- result   {how many were moved, milliseconds until the next is due or -1, how many wait now, how many were unreadable}

local group = ARGV[1]

-- include held
-- include glob
-- include waiting

local now = now_ms()
local moved, bytes, unreadable = 0, 0, 0

-- Its parts; nil if they are not what was packed.
local function read(packed)
  local is_read, parts = pcall(cmsgpack.unpack, packed)
  if not is_read or type(parts) ~= 'table' then return nil end
  local failures, first, lane, envelope = parts[1], parts[2], parts[3], parts[5]
  if type(failures) ~= 'number' or type(first) ~= 'number' then return nil end
  if type(lane) ~= 'string' or type(envelope) ~= 'string' then return nil end
  return parts
end

local function give_up(member, packed)
  local letter = {'undecodable', 'the stored retry could not be read', 0, 0, now, '?', packed}
  redis.call('HSET', KEYS[7], member, cmsgpack.pack(letter))
  redis.call('ZADD', KEYS[6], now, member)
  redis.call('HSET', KEYS[4], member, 'dead:0')
end

local function move(member, parts)
  local failures, first, lane, _, envelope = unpack(parts)
  local fields = {'m', member, 'e', envelope, 'f', failures, 'w', first, 'l', lane}
  local entry = redis.call('XADD', KEYS[3], 'NOMKSTREAM', '*', unpack(fields))
  if not entry then
    make_group(KEYS[3], group, '0')
    entry = redis.call('XADD', KEYS[3], '*', unpack(fields))
  end
  redis.call('HSET', KEYS[4], member, 'retrying:' .. failures .. ':' .. entry)
end

for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 100)) do
  local packed = redis.call('HGET', KEYS[2], member)
  local parts = packed and read(packed)
  if parts then
    move(member, parts)
    moved = moved + 1
  elseif packed then
    give_up(member, packed)
    unreadable = unreadable + 1
  else
    redis.call('HDEL', KEYS[4], member)
  end
  bytes = bytes + (packed and #packed or 0)
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], member)
  if bytes >= 1048576 then break end
end

if moved > 0 then redis.call('SPUBLISH', KEYS[5], 'retry:' .. group) end
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local wait = head and math.max(0, math.ceil(tonumber(head) - now)) or -1
return {moved, wait, count_waiting(KEYS[1], KEYS[3], group), unreadable}
