#!lua
-- Registers a subscription in one partition and gives it a group on each lane that it takes: from now on no event that
-- it takes passes it by.
--
-- KEYS[1]    lanes   HASH
-- KEYS[2]    subs    HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    retry   STREAM
-- KEYS[4+l]  the l-th lane that the subscription takes  STREAM
-- ARGV[1]    version of the lanes that these were chosen from
-- ARGV[2]    subscription
-- ARGV[3]    its patterns, a JSON list
-- ARGV[4]    its tenants, a JSON list
-- ARGV[3+2l] name of the l-th lane, then its number
-- result     `STALE` if the lanes have another version, else the revision of the subscription

local group = ARGV[2]

if (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include glob

local function is_after(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)%-(%d+)$')
  local b_ms, b_seq = string.match(b, '^(%d+)%-(%d+)$')
  if a_ms ~= b_ms then return tonumber(a_ms) > tonumber(b_ms) end
  if #a_seq ~= #b_seq then return #a_seq > #b_seq end
  return a_seq > b_seq
end

local function last_entry(stream)
  local info = redis.pcall('XINFO', 'STREAM', stream)
  if info.err then return '0-0' end
  for at = 1, #info, 2 do
    if info[at] == 'last-generated-id' then return info[at + 1] end
  end
  return '0-0'
end

local known = redis.call('HGET', KEYS[2], group)

-- Where the subscription begins in a lane that it has no group on: after all that is there, if it is new to the lane;
-- else the group was lost, and it begins where it once began, for that it has missed events is worse than a repetition.
local function start_of(name, number, last)
  if not known or not takes(known, type_of(name)) then return last end
  local stored = redis.call('HGET', KEYS[3], group .. '\n' .. number)
  if not stored or is_after(stored, last) then return '0-0' end
  return stored
end

for l = 1, #KEYS - 4 do
  local name, number = ARGV[3 + 2 * l], ARGV[4 + 2 * l]
  local start = start_of(name, number, last_entry(KEYS[4 + l]))
  if make_group(KEYS[4 + l], group, start) then
    redis.call('HSET', KEYS[3], group .. '\n' .. number, start)
  end
end
make_group(KEYS[4], group, '0')

local same = '{"patterns":' .. ARGV[3] .. ',"tenants":' .. ARGV[4] .. ',"revision":'
if known and string.sub(known, 1, #same) == same then return cjson.decode(known).revision end

local revision = known and cjson.decode(known).revision + 1 or 1
redis.call('HSET', KEYS[2], group, same .. revision .. '}')
redis.call('HINCRBY', KEYS[2], '~version', 1)
return revision
