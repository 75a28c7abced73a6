#!lua
-- Stores events in one partition, and tells the readers that wait. Without flags: refused before it starts when memory
-- is full, so nothing is half stored.
--
-- KEYS[1]       layout  HASH
-- KEYS[2]       lanes   HASH
-- KEYS[3]       subs    HASH
-- KEYS[4]       starts  HASH
-- KEYS[5]       bell    sharded channel
-- KEYS[6]       later   ZSET
-- KEYS[6+l]     the l-th lane     STREAM
-- KEYS[5+L+2r]  the r-th index bucket, one for each run of events that share it  STRING
-- KEYS[6+L+2r]  what that bucket has no room for  HASH
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

-- include bucket

local news = {has_lane = false, gone = {}}

-- Its helpers are made only where they are needed: most calls know their lanes.
local function make(l, lane)
-- include glob
-- include lane
  return make_lane(lane, ARGV[4 + l], numbers[l], news)
end

-- Which events wait for their time: they may do so for longer than the index remembers them. Mostly nothing waits.
local function find_waiting(first)
  if redis_call('EXISTS', KEYS[6]) == 0 then return {} end
  local members = {}
  for at = first, #ARGV, 2 do members[#members + 1] = ARGV[at] end
  return redis_call('ZMSCORE', KEYS[6], unpack(members))
end

local answer = {0}
local lanes_at = 5 + lane_count + run_count
local lane_bytes = ARGV[lanes_at]
local waiting = find_waiting(lanes_at + 1)
local byte = string.byte
local event = 0
-- The lane of the event before: events in a row are often of one lane.
local l, lane, prefix
for r = 1, run_count do
  local count = tonumber(ARGV[4 + lane_count + r])
  local bucket = open_bucket(KEYS[5 + lane_count + 2 * r], KEYS[6 + lane_count + 2 * r], count)
  local has_log, added, added_count = bucket.log, bucket.added, 0
  for i = event + 1, event + count do
    local member = ARGV[lanes_at + 2 * i - 1]
    if has_log and place_in(bucket, member) or waiting[i] then
      answer[#answer + 1] = i
    else
      local number = 1
      if lane_count > 1 then
        local high, low = byte(lane_bytes, 2 * i - 1, 2 * i)
        number = high * 256 + low
      end
      if number ~= l then
        l, lane, prefix = number, KEYS[6 + number], numbers[number] and numbers[number] .. ':'
      end
      local envelope = ARGV[lanes_at + 2 * i]
      local entry = prefix and redis_call('XADD', lane, 'NOMKSTREAM', '*', 'm', member, 'e', envelope)
      if not entry then
        numbers[l] = make(l, lane)
        prefix = numbers[l] .. ':'
        entry = redis_call('XADD', lane, '*', 'm', member, 'e', envelope)
      end
      if not is_rung[l] then
        is_rung[l] = true
        rung[#rung + 1] = numbers[l]
      end
      -- As put_in does.
      added[added_count + 1], added[added_count + 2] = member, prefix .. entry
      added_count = added_count + 2
    end
  end
  bucket.count = added_count
  local bytes = save_bucket(bucket, window)
  if r == run_count then answer[1] = bytes end
  event = event + count
end

if news.has_lane then redis_call('SPUBLISH', KEYS[5], 'lanes') end
if #news.gone > 0 then redis_call('SPUBLISH', KEYS[5], 'gone:' .. table.concat(news.gone, ',')) end
if #rung > 0 then redis_call('SPUBLISH', KEYS[5], 'l' .. table.concat(rung, ',')) end
return answer
