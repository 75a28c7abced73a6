#!lua
-- Registers a subscription in one partition and gives it a group on each lane that it takes: from now on no event that
-- it takes passes it by.
--
-- KEYS[1]    lanes   HASH
-- KEYS[2]    subs    HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    retry   STREAM
-- KEYS[5]    books   HASH
-- KEYS[5+l]  the l-th lane that the subscription takes  STREAM
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

local function facts_of(stream)
  local facts = {['last-generated-id'] = '0-0', ['entries-added'] = 0}
  local info = redis.pcall('XINFO', 'STREAM', stream)
  if info.err then return facts end
  for at = 1, #info, 2 do facts[info[at]] = info[at + 1] end
  return facts
end

local known = redis.call('HGET', KEYS[2], group)

-- A subscription that is new to a lane begins after all that is there. If it had a group there, that was lost, and it
-- begins where it once began: that it misses events would be worse than a repetition.
local function join_lane(stream, name, number)
  local facts = facts_of(stream)
  local last, mark = facts['last-generated-id'], group .. '\n' .. number
  if not known or not takes(known, type_of(name)) then
    if make_group(stream, group, last, facts['entries-added']) then
      redis.call('HSET', KEYS[3], mark, last)
      redis.call('HSET', KEYS[5], 'from:' .. number, facts['entries-added'])
    end
    return
  end
  local start = redis.call('HGET', KEYS[3], mark)
  if not start or is_after(start, last) then start = '0-0' end
  make_group(stream, group, start)
end

for l = 1, #KEYS - 5 do
  join_lane(KEYS[5 + l], ARGV[3 + 2 * l], ARGV[4 + 2 * l])
end
make_group(KEYS[4], group, '0')

local same = '{"patterns":' .. ARGV[3] .. ',"tenants":' .. ARGV[4] .. ',"revision":'
if known and string.sub(known, 1, #same) == same then return cjson.decode(known).revision end

local revision = known and cjson.decode(known).revision + 1 or 1
redis.call('HSET', KEYS[2], group, same .. revision .. '}')
redis.call('HINCRBY', KEYS[2], '~version', 1)
return revision
