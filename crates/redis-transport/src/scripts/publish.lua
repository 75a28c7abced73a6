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
-- KEYS[4+L+2r]  the r-th index bucket, one for each run of events that share it  STRING
-- KEYS[5+L+2r]  what that bucket has no room for  HASH
-- ARGV[1]       version of the layout that the buckets were found with
-- ARGV[2]       seconds that an id is remembered
-- ARGV[3]       L, how many lanes
-- ARGV[4]       R, how many runs; with at most 500 events
-- ARGV[4+l]     name of the l-th lane: `<type>:<priority>`
-- ARGV[4+L+r]   how many events the r-th run has
-- ARGV[5+L+R]   for each event the number l of its lane, in two bytes, the higher one first
-- ARGV[6+L+R..] for each event: its member (16 bytes of its id, then its tenant), its envelope
-- result        `STALE` if the layout has another version, else {how many bytes the last bucket holds, then the places
--               of those events that were stored before}
--
-- The place of an event is `<number of its lane>:<entry>`.

local redis_call = redis.call
local KEYS, ARGV = KEYS, ARGV

if redis_call('HGET', KEYS[1], 'version') ~= ARGV[1] then return redis.status_reply('STALE') end

local window, lane_count, run_count = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local numbers = redis_call('HMGET', KEYS[2], unpack(ARGV, 5, 4 + lane_count))
local rung, is_rung = {}, {}

-- include glob

-- include start
-- include lane
-- include bucket

-- The lane of the event before: events in a row are often of one lane.
local l, lane, prefix

local function enter(number)
  l, lane = number, KEYS[5 + number]
  prefix = numbers[l] and numbers[l] .. ':'
end

local function ring()
  is_rung[l] = true
  rung[#rung + 1] = numbers[l]
end

local function store(member, envelope)
  local entry = prefix and redis_call('XADD', lane, 'NOMKSTREAM', '*', 'm', member, 'e', envelope)
  if not entry then
    numbers[l] = make_lane(lane, ARGV[4 + l], numbers[l])
    prefix = numbers[l] .. ':'
    entry = redis_call('XADD', lane, '*', 'm', member, 'e', envelope)
  end
  if not is_rung[l] then ring() end
  return entry
end

local answer = {0}
local lanes_at = 5 + lane_count + run_count
local lane_bytes = ARGV[lanes_at]
local byte = string.byte
local event = 0
for r = 1, run_count do
  local count = tonumber(ARGV[4 + lane_count + r])
  local bucket = open_bucket(KEYS[4 + lane_count + 2 * r], KEYS[5 + lane_count + 2 * r], count)
  for i = event + 1, event + count do
    local member = ARGV[lanes_at + 2 * i - 1]
    if not bucket.is_new and bucket.place(member) then
      answer[#answer + 1] = i
    else
      local high, low = byte(lane_bytes, 2 * i - 1, 2 * i)
      local number = high * 256 + low
      if number ~= l then enter(number) end
      local entry = store(member, ARGV[lanes_at + 2 * i])
      bucket.put(member, prefix .. entry)
    end
  end
  local bytes = bucket.save(window)
  if r == run_count then answer[1] = bytes end
  event = event + count
end

if has_new then redis_call('SPUBLISH', KEYS[5], 'lanes') end
if #gone > 0 then redis_call('SPUBLISH', KEYS[5], 'gone:' .. table.concat(gone, ',')) end
if #rung > 0 then redis_call('SPUBLISH', KEYS[5], 'l' .. table.concat(rung, ',')) end
return answer
