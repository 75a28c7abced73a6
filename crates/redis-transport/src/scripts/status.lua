#!lua
-- Tells where an event stands for each of some subscriptions. Reads only.
--
-- KEYS[1]   subs        HASH    registry of subscriptions
-- KEYS[2]   lane        STREAM  where the event is stored
-- KEYS[3]   starts      HASH    where subscriptions begin
-- KEYS[3+i] exceptions  HASH    of the i-th subscription
-- ARGV[1]   version of the registry that the subscriptions were chosen from
-- ARGV[2]   member: 16 bytes of the event's id, then its tenant
-- ARGV[3]   entry of the event in the lane
-- ARGV[4]   number of the lane
-- ARGV[4+i] the i-th subscription
-- result    {'STALE'} if the registry has another version, {'GONE'} if there is no such lane, else for each subscription
--           `none` (not its event), `pending`, `processing`, `completed`, `retrying:<failures>` or `dead:<attempts>`

local member, entry, lane_number = ARGV[2], ARGV[3], ARGV[4]

-- Numbers of entries have up to 20 digits: more than a Lua number can tell apart.
local function is_after(a, b)
  local a_ms, a_seq = string.match(a, '^(%d+)%-?(%d*)$')
  local b_ms, b_seq = string.match(b, '^(%d+)%-?(%d*)$')
  if a_ms ~= b_ms then return tonumber(a_ms) > tonumber(b_ms) end
  if #a_seq ~= #b_seq then return #a_seq > #b_seq end
  return a_seq > b_seq
end

local function positions()
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[2])
  if groups.err then return nil end
  local delivered = {}
  for _, group in ipairs(groups) do
    local name, last
    for field = 1, #group, 2 do
      if group[field] == 'name' then name = group[field + 1] end
      if group[field] == 'last-delivered-id' then last = group[field + 1] end
    end
    delivered[name] = last
  end
  return delivered
end

local function stage(group, exceptions, delivered)
  local exception = redis.call('HGET', exceptions, member)
  if exception then return exception end
  local start = redis.call('HGET', KEYS[3], group .. '\n' .. lane_number)
  if start and not is_after(entry, start) then return 'none' end
  -- A group that was lost will be made again, and then be given the event.
  if not delivered or is_after(entry, delivered) then return 'pending' end
  local held = redis.call('XPENDING', KEYS[2], group, entry, entry, 1)[1]
  if not held then return 'completed' end
  return held[2] == '~released' and 'pending' or 'processing'
end

if (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return {'STALE'} end
local delivered = positions()
if not delivered then return {'GONE'} end

local stages = {}
for i = 1, #ARGV - 4 do
  local group = ARGV[4 + i]
  stages[i] = stage(group, KEYS[3 + i], delivered[group])
end
return stages
