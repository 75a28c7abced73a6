#!lua flags=allow-oom
-- Publishes events whose time has come, and tells which are next: of those that were asked for, and of those that are
-- told, at most 100 or 1 MiB, but at least one. Each is stored in its lane before it leaves.
--
-- KEYS[1]     lanes       HASH
-- KEYS[2]     subs        HASH
-- KEYS[3]     starts      HASH
-- KEYS[4]     bell        sharded channel
-- KEYS[5]     later       ZSET
-- KEYS[6]     events      HASH
-- KEYS[7]     tenants     HASH
-- KEYS[8]     unreadable  HASH
-- KEYS[9]     mover       STRING  who publishes for all
-- KEYS[10]    counters    HASH    of all tenants
-- KEYS[10+l]  the l-th lane          STREAM
-- KEYS[9+L+2b] the b-th index bucket STRING
-- KEYS[10+L+2b] what that bucket has no room for  HASH
-- ARGV[1]     version of the layout that the buckets were found with
-- ARGV[2]     seconds that an id is remembered
-- ARGV[3]     who asks
-- ARGV[4]     milliseconds for which nobody else publishes then
-- ARGV[5]     L, how many lanes
-- ARGV[5+l]   name of the l-th lane: `<type>:<priority>`
-- ARGV[6+L..] for each event: its member, l, b; l is 0 for one whose lane can't be read
-- result      `STALE` if the layout has another version, else {how many were published, milliseconds until there is more
--             to do or -1, how many were put aside because they can't be read, how many are tried again in a minute
--             because their lane or bucket can't be written, then for each of the next that are due: member, name of its
--             lane}

if redis.call('HGET', KEYS[1], '~layout') ~= ARGV[1] then return redis.status_reply('STALE') end

local MOST, MOST_BYTES, AGAIN_MS = 100, 1048576, 60000

-- include glob
-- include start
-- include remade
-- include lane
-- include bucket
-- include late
-- include later

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lane_count = tonumber(ARGV[5])
local numbers, rung, is_rung = {}, {}, {}
if lane_count > 0 then numbers = redis.call('HMGET', KEYS[1], unpack(ARGV, 6, 5 + lane_count)) end
local moved, unreadable, put_off, bytes = 0, 0, 0, 0
local tenants, buckets, news = {}, {}, {has_lane = false, gone = {}}

local function bucket_of(b)
  local at = 9 + lane_count + 2 * b
  buckets[b] = buckets[b] or open_bucket(KEYS[at], KEYS[at + 1], 1, ARGV[2])
  return buckets[b]
end

-- What can't be noted must not be published: it would be again and again.
local function add(l, b, member, envelope)
  local lane, bucket = KEYS[10 + l], bucket_of(b)
  local entry = numbers[l] and redis.call('XADD', lane, 'NOMKSTREAM', '*', 'm', member, 'e', envelope)
  if not entry then
    numbers[l] = make_lane(lane, ARGV[5 + l], numbers[l], news)
    entry = redis.call('XADD', lane, '*', 'm', member, 'e', envelope)
  end
  if not is_rung[l] then
    is_rung[l] = true
    rung[#rung + 1] = numbers[l]
  end
  put_in(bucket, member, numbers[l] .. ':' .. entry)
end

local function let_go(member)
  redis.call('ZREM', KEYS[5], member)
  redis.call('HDEL', KEYS[6], member, late_field(member))
  local tenant = string.sub(member, 17)
  tenants[tenant] = (tenants[tenant] or 0) + 1
end

-- What another has moved, or somebody cancelled, since it was told is left out; what is not as it was told, too.
local function publish(member, l, b)
  local due = redis.call('ZSCORE', KEYS[5], member)
  if not due or tonumber(due) > now then return end
  local stored = redis.call('HGET', KEYS[6], member)
  local lane_end = stored and string.find(stored, '\n', 1, true)
  if l == 0 then
    redis.call('HSET', KEYS[8], member, stored or '')
    unreadable = unreadable + 1
  elseif lane_end and string.sub(stored, 1, lane_end - 1) == ARGV[5 + l] then
    if not pcall(add, l, b, member, string.sub(stored, lane_end + 1)) then
      redis.call('HSETNX', KEYS[6], late_field(member), due)
      redis.call('ZADD', KEYS[5], now + AGAIN_MS, member)
      put_off = put_off + 1
      return
    end
    moved = moved + 1
  else
    return
  end
  bytes = bytes + (stored and #stored or 0)
  let_go(member)
end

for at = 6 + lane_count, #ARGV, 3 do
  publish(ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]))
  if bytes >= MOST_BYTES then break end
end

for _, bucket in pairs(buckets) do save_bucket(bucket) end
-- Whatever else the counters hold must not stop it.
if unreadable > 0 then
  redis.pcall('HINCRBY', KEYS[10], 'dead_lettered', unreadable)
  redis.pcall('HSET', KEYS[10], 'updated', string.format('%.0f', now))
end
for tenant, count in pairs(tenants) do count_later(KEYS[7], tenant, -count) end
if news.has_lane then redis.call('SPUBLISH', KEYS[4], 'lanes') end
if #news.gone > 0 then redis.call('SPUBLISH', KEYS[4], 'gone:' .. table.concat(news.gone, ',')) end
if #rung > 0 then redis.call('SPUBLISH', KEYS[4], 'l' .. table.concat(rung, ',')) end

local head = redis.call('ZRANGE', KEYS[5], 0, 0, 'WITHSCORES')[2]
-- Whoever publishes asks for that.
if head then redis.call('HSETNX', KEYS[1], '~later', 1) else redis.call('HDEL', KEYS[1], '~later') end
if not head then return {moved, -1, unreadable, put_off} end
local wait = math.ceil(math.min(math.max(tonumber(head) - now, 0), 1e9))
if wait > 0 then return {moved, wait, unreadable, put_off} end

local mover = redis.call('GET', KEYS[9])
if mover and mover ~= ARGV[3] then return {moved, math.max(1, redis.call('PTTL', KEYS[9])), unreadable, put_off} end
redis.call('SET', KEYS[9], ARGV[3], 'PX', ARGV[4])

local answer, told = {moved, 0, unreadable, put_off}, 0
for _, member in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0, MOST)) do
  local stored = redis.call('HGET', KEYS[6], member) or ''
  answer[#answer + 1] = member
  answer[#answer + 1] = string.match(stored, '^([^\n]*)\n') or ''
  told = told + #stored
  if told >= MOST_BYTES then break end
end
return answer
