#!lua flags=allow-oom
-- Gives deliveries up: each is stored in the dead letters before it leaves its stream. Then lets go of letters that are
-- too old or too many, at most 100 of each, and counts them.
--
-- KEYS[1]    dead        ZSET
-- KEYS[2]    letters     HASH
-- KEYS[3]    exceptions  HASH
-- KEYS[4]    books       HASH
-- KEYS[5]    gone        ZSET
-- KEYS[6]    retry       STREAM
-- KEYS[6+l]  the l-th lane  STREAM
-- ARGV[1]    subscription
-- ARGV[2]    consumer
-- ARGV[3]    milliseconds that a letter is kept
-- ARGV[4]    how many letters are kept
-- ARGV[5]    milliseconds that it is known of letters let go of that they were
-- ARGV[6+]   for each delivery, at most 100: l (0: the retry stream), entry, starts, its member (16 bytes of its id,
--            then its tenant), name of the lane, reason, attempts, error
-- result     {how many were let go of, then for each delivery 1, or 0 if it was not the consumer's any more}

local group, consumer = ARGV[1], ARGV[2]

-- include held
-- include expire

local now = now_ms()
local done = {}

local function give_up(at)
  local l, entry, member = tonumber(ARGV[at]), ARGV[at + 1], ARGV[at + 3]
  local stream = KEYS[6 + l]
  if not holds(stream, group, entry, consumer, ARGV[at + 2]) then return 0 end
  local fields = fields_of(stream, entry, member)
  if not fields then return 0 end
  local attempts = tonumber(ARGV[at + 6])
  local first = l == 0 and tonumber(fields.w or '0') or 0
  if first == 0 and attempts > 0 then first = now end
  local lane = l == 0 and fields.l or ARGV[at + 4]
  local packed = cmsgpack.pack({ARGV[at + 5], ARGV[at + 7], attempts, first, now, lane or '', fields.e or ''})
  redis.call('HSET', KEYS[2], member, packed)
  redis.call('ZADD', KEYS[1], now, member)
  redis.call('HSET', KEYS[3], member, 'dead:' .. attempts)
  redis.call('XACK', stream, group, entry)
  if l == 0 then redis.call('XDEL', stream, entry) end
  return 1
end

for at = 6, #ARGV, 8 do
  done[#done + 1] = give_up(at)
end
table.insert(done, 1, expire(now, tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])))
return done
