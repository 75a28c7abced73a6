#!lua flags=allow-oom
-- Puts deliveries aside until they are due again. Each is stored there before it leaves its stream.
--
-- KEYS[1]    due         ZSET
-- KEYS[2]    waiting     HASH
-- KEYS[3]    exceptions  HASH
-- KEYS[4]    bell        sharded channel
-- KEYS[5]    retry       STREAM
-- KEYS[5+l]  the l-th lane  STREAM
-- ARGV[1]    subscription
-- ARGV[2]    consumer
-- ARGV[3+]   for each delivery, at most 100: l (0: the retry stream), entry, starts, its member (16 bytes of its id,
--            then its tenant), name of the lane, milliseconds to wait, failures by now, error
-- result     {how many wait now, then for each delivery 1, or 0 if it was not the consumer's any more}

local group, consumer = ARGV[1], ARGV[2]

-- include held
-- include waiting

local now = now_ms()
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
local is_head, done = false, {}

local function put_aside(at)
  local l, entry, member = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 3]
  local stream = KEYS[5 + l]
  if not holds(stream, group, entry, consumer, ARGV[at + 2]) then return 0 end
  local fields = fields_of(stream, entry, member)
  if not fields then return 0 end
  local due, failures = now + tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6])
  local first = tonumber(fields.w or '0') or 0
  if l ~= 0 or first == 0 then first = now end
  local lane = l == 0 and fields.l or ARGV[at + 4]
  local packed = cmsgpack.pack({failures, first, lane or '', ARGV[at + 7], fields.e or ''})
  redis.call('HSET', KEYS[2], member, packed)
  redis.call('ZADD', KEYS[1], due, member)
  redis.call('HSET', KEYS[3], member, 'retrying:' .. failures)
  redis.call('XACK', stream, group, entry)
  if l == 0 then redis.call('XDEL', stream, entry) end
  if not head or due < tonumber(head) then is_head = true end
  return 1
end

for at = 3, #ARGV, 8 do
  done[#done + 1] = put_aside(at)
end
if is_head then redis.call('SPUBLISH', KEYS[4], 'due:' .. group) end
table.insert(done, 1, count_waiting(KEYS[1], KEYS[5], group))
return done
