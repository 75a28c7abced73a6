#!lua flags=no-writes
-- Tells where an event stands for each of some subscriptions. Reads only.
--
-- KEYS[1]   subs        HASH    registry of subscriptions
-- KEYS[2]   lane        STREAM  where the event is stored
-- KEYS[3]   starts      HASH    where subscriptions begin
-- KEYS[2+2i] exceptions HASH    of the i-th subscription
-- KEYS[3+2i] retry      STREAM  of the i-th subscription
-- ARGV[1]   version of the registry that the subscriptions were chosen from
-- ARGV[2]   member: 16 bytes of the event's id, then its tenant
-- ARGV[3]   entry of the event in the lane
-- ARGV[4]   number of the lane
-- ARGV[4+i] the i-th subscription
-- result    {'STALE'} if the registry has another version, {'GONE'} if there is no such lane, else for each subscription
--           `none` (not its event), `pending`, `processing`, `completed`, `retrying:<failures>`,
--           `dead:<attempts>` or `dropped`

local member, entry, lane_number = ARGV[2], ARGV[3], ARGV[4]

local entry_ms, entry_seq = string.match(entry, '^(%d+)-(%d+)$')
entry_ms = tonumber(entry_ms)

-- Sequence numbers have up to 20 digits: more than a Lua number can tell apart.
local function comes_after(other)
  local ms, seq = string.match(other, '^(%d+)%-?(%d*)$')
  ms = tonumber(ms)
  if entry_ms ~= ms then return entry_ms > ms end
  if #entry_seq ~= #seq then return #entry_seq > #seq end
  return entry_seq > seq
end

local function positions()
  local groups = redis.pcall('XINFO', 'GROUPS', KEYS[2])
  if groups.err then return nil end
  local delivered = {}
  for _, group in ipairs(groups) do
    local name, field = group[2], 3
    while field < #group and group[field] ~= 'last-delivered-id' do field = field + 2 end
    delivered[name] = group[field + 1]
  end
  return delivered
end

local function starts()
  local fields = {}
  for i = 5, #ARGV do fields[i - 4] = ARGV[i] .. '\n' .. lane_number end
  if #fields == 0 then return fields end
  return redis.call('HMGET', KEYS[3], unpack(fields))
end

-- While a retry is in the retry stream, its entry stands behind the failures.
local function retried(group, retry, exception)
  local failures, at = string.match(exception, '^retrying:(%d+):(.+)$')
  if not at then return exception end
  local held = redis.pcall('XPENDING', retry, group, at, at, 1)
  if held.err or not held[1] or held[1][2] == '~released' then return 'retrying:' .. failures end
  return 'processing'
end

-- What a limit of the lane took from each subscription: `<ordinal>;` and runs, `<first> <last>`, joined by `,`.
local function drops()
  local fields = {}
  for i = 5, #ARGV do fields[i - 4] = ARGV[i] .. '\n' .. lane_number .. '\ndrops' end
  if #fields == 0 then return fields end
  return redis.call('HMGET', KEYS[3], unpack(fields))
end

local function is_in(runs)
  for first, last in string.gmatch(runs or '', '(%d+%-%d+) (%d+%-%d+)') do
    if (entry == first or comes_after(first)) and not comes_after(last) then return true end
  end
  return false
end

local function stage(group, exceptions, retry, start, delivered, dropped)
  local exception = redis.call('HGET', exceptions, member)
  if exception then return retried(group, retry, exception) end
  if start and not comes_after(start) then return 'none' end
  if is_in(dropped) then return 'dropped' end
  -- A group that was lost will be made again, and then be given the event.
  if not delivered or comes_after(delivered) then return 'pending' end
  local held = redis.call('XPENDING', KEYS[2], group, entry, entry, 1)[1]
  if not held then return 'completed' end
  return held[2] == '~released' and 'pending' or 'processing'
end

if (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return {'STALE'} end
local delivered = positions()
if not delivered then return {'GONE'} end

local start, dropped = starts(), drops()
local stages = {}
for i = 1, #ARGV - 4 do
  local group = ARGV[4 + i]
  stages[i] = stage(group, KEYS[2 + 2 * i], KEYS[3 + 2 * i], start[i], delivered[group], dropped[i])
end
return stages
