#!lua
-- Stores events in one partition, and tells the readers that wait. Without flags: refused before it starts when memory
-- is full, so nothing is half stored.
--
-- KEYS[1]       lanes   HASH
-- KEYS[2]       subs    HASH
-- KEYS[3]       starts  HASH
-- KEYS[4]       bell    sharded channel
-- KEYS[5]       later   ZSET
-- KEYS[5+l]     the l-th lane     STREAM
-- KEYS[4+L+2r]  the r-th index bucket, one for each run of events that share it  STRING
-- KEYS[5+L+2r]  what that bucket has no room for  HASH
-- KEYS[6+L+2R]  audit   STREAM  if any event is to be recorded
-- ARGV[1]       version of the layout that the buckets were found with
-- ARGV[2]       seconds that an id is remembered
-- ARGV[3]       L, how many lanes
-- ARGV[4]       R, how many runs; with at most 500 events
-- ARGV[4+l]     name of the l-th lane: `<type>:<priority>`
-- ARGV[4+L+r]   how many events the r-th run has
-- ARGV[5+L+R]   for each event the number l of its lane, in two bytes, the higher one first
-- ARGV[6+L+R..] for each event: its member (16 bytes of its id, then its tenant), its envelope
-- then          for each event that is to be recorded: its place among them, its record
-- result        `STALE` if the layout has another version, else {how many bytes the last bucket holds, then for each event
--               that was not stored its place among them, below 0 if its lane can't be written: then comes why, an error}
--
-- The place of an event is `<number of its lane>:<entry>`.

local redis_call, redis_pcall, type = redis.call, redis.pcall, type
local KEYS, ARGV = KEYS, ARGV

local window, lane_count, run_count = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
-- In one call, for most batches are small: the version of the layout, whether any event waits for its time, and for the
-- l-th lane, at l + 2, its number.
local known = redis_call('HMGET', KEYS[1], '~layout', '~later', unpack(ARGV, 5, 4 + lane_count))
if known[1] ~= ARGV[1] then return redis.status_reply('STALE') end
local rung, is_rung = {}, {}

-- include bucket

local news = {has_lane = false, gone = {}}

-- Its helpers are made only where they are needed: most calls know their lanes.
local function make(l, lane)
-- include glob
-- include start
-- include remade
-- include lane
  return make_lane(lane, ARGV[4 + l], known[l + 2], news)
end

-- Lanes that can't be made, and why.
local refused = {}

-- Stores the first entry of a lane; as an error, if the lane can't be made: no event of another lane must suffer.
local function begin(l, lane, member, envelope)
  if not refused[l] then
    local is_made, made = pcall(make, l, lane)
    if is_made then
      known[l + 2] = made
      return redis_pcall('XADD', lane, '*', 'm', member, 'e', envelope)
    end
    -- Of an error of the server, `pcall` gives the text alone: it begins with its code.
    local text = type(made) == 'table' and made.err or tostring(made)
    refused[l] = {err = string.find(text, '^%u+ ') and text or 'ERR ' .. text}
  end
  return refused[l]
end

-- Which events wait for their time: they may do so for longer than the index remembers them. Mostly nothing waits.
local function find_waiting(first, last)
  if not known[2] then return {} end
  local members = {}
  for at = first, last, 2 do members[#members + 1] = ARGV[at] end
  return redis_call('ZMSCORE', KEYS[5], unpack(members))
end

local answer = {0}
local lanes_at = 5 + lane_count + run_count
local lane_bytes = ARGV[lanes_at]
local event_count = #lane_bytes / 2
local audited_at = lanes_at + 2 * event_count + 1
local waiting = find_waiting(lanes_at + 1, audited_at - 1)
local audit, records, unfit = KEYS[6 + lane_count + 2 * run_count], nil, nil
if audit then
-- include audited
end
local byte = string.byte
local event, refusal = 0, nil
-- The lane of the event before: events in a row are often of one lane.
local l, lane, prefix
for r = 1, run_count do
  local count = tonumber(ARGV[4 + lane_count + r])
  local bucket = open_bucket(KEYS[4 + lane_count + 2 * r], KEYS[5 + lane_count + 2 * r], count, window)
  local has_log, added, added_count = bucket.log, bucket.added, 0
  for i = event + 1, event + count do
    local member = ARGV[lanes_at + 2 * i - 1]
    if has_log and place_in(bucket, member) or waiting[i] then
      answer[#answer + 1] = i
      if records then records[i] = nil end
    else
      local number = 1
      if lane_count > 1 then
        local high, low = byte(lane_bytes, 2 * i - 1, 2 * i)
        number = high * 256 + low
      end
      if number ~= l then
        l, lane, prefix = number, KEYS[5 + number], known[number + 2] and known[number + 2] .. ':'
      end
      local envelope = ARGV[lanes_at + 2 * i]
      local entry = unfit and records[i] and unfit
        or prefix and redis_pcall('XADD', lane, 'NOMKSTREAM', '*', 'm', member, 'e', envelope)
      if not entry then
        entry = begin(l, lane, member, envelope)
        prefix = known[l + 2] and known[l + 2] .. ':'
      end
      if type(entry) == 'table' then
        refusal = refusal or entry
        answer[#answer + 1] = -i
        if records then records[i] = nil end
      else
        if not is_rung[l] then
          is_rung[l] = true
          rung[#rung + 1] = known[l + 2]
        end
        -- As put_in does.
        added[added_count + 1], added[added_count + 2] = member, prefix .. entry
        added_count = added_count + 2
      end
    end
  end
  bucket.count = added_count
  local bytes = save_bucket(bucket)
  if r == run_count then answer[1] = bytes end
  event = event + count
end

if audit then
-- include audit
end
if news.has_lane then redis_call('SPUBLISH', KEYS[4], 'lanes') end
if #news.gone > 0 then redis_call('SPUBLISH', KEYS[4], 'gone:' .. table.concat(news.gone, ',')) end
if #rung > 0 then redis_call('SPUBLISH', KEYS[4], 'l' .. table.concat(rung, ',')) end
answer[#answer + 1] = refusal
return answer
