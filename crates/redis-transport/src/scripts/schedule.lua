#!lua
-- Stores events whose time is to come in one partition. Without flags: refused before it starts when memory is full, so
-- nothing is half stored.
--
-- KEYS[1]    lanes    HASH
-- KEYS[2]    later    ZSET
-- KEYS[3]    events   HASH
-- KEYS[4]    tenants  HASH
-- KEYS[5]    bell     sharded channel
-- KEYS[4+2r] the r-th index bucket, one for each run of events that share it  STRING
-- KEYS[5+2r] what that bucket has no room for  HASH
-- KEYS[6+2R] audit    STREAM  if any event is to be recorded
-- ARGV[1]    version of the layout that the buckets were found with
-- ARGV[2]    seconds that an id is remembered
-- ARGV[3]    the longest that an event may wait, in milliseconds
-- ARGV[4]    R, how many runs; with at most 500 events
-- ARGV[4+r]  how many events the r-th run has
-- ARGV[5+R..] for each event: its member (16 bytes of its id, then its tenant), `+` and the milliseconds to wait or `=`
--            and the time in milliseconds, name of its lane, its envelope
-- then       for each event that is to be recorded: its place among them, its record
-- result     `STALE` if the layout has another version, else {how many bytes the last bucket holds, then the places of
--            those events that were stored before; below 0 those that could not be recorded: then comes why, an error}
--
-- The place of an event that waits is `due:<milliseconds>`.

if redis.call('HGET', KEYS[1], '~layout') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include bucket
-- include later

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local head = tonumber(redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2])
local is_head, tenants = false, {}

local function due_of(text)
  local ms = tonumber(string.sub(text, 2)) or 0
  if string.sub(text, 1, 1) == '+' then ms = now + ms end
  return math.min(ms, now + tonumber(ARGV[3]))
end

local function store(at)
  local member, due = ARGV[at], due_of(ARGV[at + 1])
  redis.call('HSET', KEYS[3], member, ARGV[at + 2] .. '\n' .. ARGV[at + 3])
  redis.call('ZADD', KEYS[2], due, member)
  local tenant = string.sub(member, 17)
  tenants[tenant] = (tenants[tenant] or 0) + 1
  if not head or due < head then head, is_head = due, true end
  return string.format('due:%.0f', due)
end

local answer, run_count, event = {0}, tonumber(ARGV[4]), 0
local event_count = 0
for r = 1, run_count do event_count = event_count + tonumber(ARGV[4 + r]) end
local audited_at = 5 + run_count + 4 * event_count
local audit, records, unfit = KEYS[6 + 2 * run_count], nil, nil
if audit then
-- include audited
end
for r = 1, run_count do
  local count = tonumber(ARGV[4 + r])
  local bucket = open_bucket(KEYS[4 + 2 * r], KEYS[5 + 2 * r], count, ARGV[2])
  for i = event + 1, event + count do
    local at = 1 + run_count + 4 * i
    local member = ARGV[at]
    -- It may wait for longer than the index remembers it.
    if place_in(bucket, member) or redis.call('ZSCORE', KEYS[2], member) then
      answer[#answer + 1] = i
      if records then records[i] = nil end
    elseif unfit and records[i] then
      answer[#answer + 1] = -i
      records[i] = nil
    else
      put_in(bucket, member, store(at))
    end
  end
  local bytes = save_bucket(bucket)
  if r == run_count then answer[1] = bytes end
  event = event + count
end

if audit then
-- include audit
end
for tenant, count in pairs(tenants) do count_later(KEYS[4], tenant, count) end
-- Whoever publishes asks for that.
if next(tenants) then redis.call('HSET', KEYS[1], '~later', 1) end
if is_head then redis.call('SPUBLISH', KEYS[5], 'due') end
answer[#answer + 1] = unfit
return answer
