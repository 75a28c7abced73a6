#!lua
-- Stores events in one partition, and tells the readers that wait. Without flags: refused before it starts when memory
-- is full, so nothing is half stored.
--
-- KEYS[1]       layout  HASH
-- KEYS[2]       lanes   HASH
-- KEYS[3]       subs    HASH
-- KEYS[4]       starts  HASH
-- KEYS[5]       bell    sharded channel
-- KEYS[5+l]     the l-th lane     STREAM
-- KEYS[5+L+r]   the r-th index bucket, one for each run of events that share it  HASH
-- ARGV[1]       version of the layout that the buckets were found with
-- ARGV[2]       seconds that an id is remembered
-- ARGV[3]       L, how many lanes
-- ARGV[4]       R, how many runs; with at most 500 events
-- ARGV[4+l]     name of the l-th lane: `<type>:<priority>`
-- ARGV[4+L+r]   how many events the r-th run has
-- ARGV[4+L+R..] for each event: number l of its lane, 16 bytes of its id, its tenant, its envelope
-- result        `STALE` if the layout has another version, else {how many ids the last bucket holds, then the places of
--               those events that were stored before}

local redis_call = redis.call
local KEYS, ARGV = KEYS, ARGV

if redis_call('HGET', KEYS[1], 'version') ~= ARGV[1] then return redis.status_reply('STALE') end

local window, lane_count, run_count = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local numbers = redis_call('HMGET', KEYS[2], unpack(ARGV, 5, 4 + lane_count))
local rung, is_rung, has_new = {}, {}, false

-- include glob

-- Makes a lane with the groups of all who take its type, before its first entry.
local function make_lane(l)
  local name = ARGV[4 + l]
  if not numbers[l] then
    numbers[l] = tostring(redis_call('HINCRBY', KEYS[2], '~version', 1))
    redis_call('HSET', KEYS[2], name, numbers[l])
    has_new = true
  end
  local event_type = type_of(name)
  local subs = redis_call('HGETALL', KEYS[3])
  for at = 1, #subs, 2 do
    local group = subs[at]
    if group ~= '~version' and takes(subs[at + 1], event_type) then
      make_group(KEYS[5 + l], group, '0', 0)
      redis_call('HSETNX', KEYS[4], group .. '\n' .. numbers[l], '0-0')
    end
  end
end

-- The lane of the event before: events in a row are often of one lane.
local last, lane, prefix, l

local function enter(lane_arg)
  last, l = lane_arg, tonumber(lane_arg)
  lane = KEYS[5 + l]
  prefix = numbers[l] and numbers[l] .. ':'
end

local function ring()
  if is_rung[l] then return end
  is_rung[l] = true
  rung[#rung + 1] = numbers[l]
end

local answer = {0}
local event, arg = 0, 4 + lane_count + run_count
for r = 1, run_count do
  local count = tonumber(ARGV[4 + lane_count + r])
  local bucket = KEYS[5 + lane_count + r]
  local members, at = {}, arg
  for i = 1, count do
    members[i] = ARGV[at + 2] .. ARGV[at + 3]
    at = at + 4
  end
  local known = redis_call('HMGET', bucket, unpack(members))
  local stored, filled = {}, 0
  at = arg
  for i = 1, count do
    if known[i] then
      answer[#answer + 1] = event + i
    else
      if ARGV[at + 1] ~= last then enter(ARGV[at + 1]) end
      local entry = prefix
        and redis_call('XADD', lane, 'NOMKSTREAM', '*', 'i', ARGV[at + 2], 't', ARGV[at + 3], 'e', ARGV[at + 4])
      if not entry then
        make_lane(l)
        prefix = numbers[l] .. ':'
        entry = redis_call('XADD', lane, '*', 'i', ARGV[at + 2], 't', ARGV[at + 3], 'e', ARGV[at + 4])
      end
      if not is_rung[l] then ring() end
      stored[filled + 1] = members[i]
      filled = filled + 2
      stored[filled] = prefix .. entry
    end
    at = at + 4
  end
  if filled > 0 then
    redis_call('HSET', bucket, unpack(stored))
    redis_call('EXPIRE', bucket, window)
    if r == run_count then answer[1] = redis_call('HLEN', bucket) end
  end
  event, arg = event + count, at
end

if has_new then redis_call('SPUBLISH', KEYS[5], 'lanes') end
if #rung > 0 then redis_call('SPUBLISH', KEYS[5], 'l' .. table.concat(rung, ',')) end
return answer
