#!lua flags=allow-oom
-- Removes from lanes what every subscription has settled. One process trims a partition at a time, by a token. While
-- somebody follows without a group, what is new stays for a moment.
--
-- KEYS[1]    trim  STRING
-- KEYS[2]    subs  HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    lanes  HASH
-- KEYS[4+l]  the l-th lane, at most 20  STREAM
-- ARGV[1]    who trims
-- ARGV[2]    milliseconds that the token lasts
-- ARGV[2+l]  name of the l-th lane
-- result     nil if another trims, else for each lane how many entries were removed, -1 if there may be more, or the
--            name of a subscription that takes its type and has no group there: then nothing is removed

local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return nil end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])

-- include glob
-- include leave

local function pairs_of(list)
  local read = {}
  for at = 1, #list, 2 do read[list[at]] = list[at + 1] end
  return read
end

-- Longer than a follower waits until it looks, if it hears no bell.
local NEW_MS = 8000
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local is_followed = tonumber(redis.call('HGET', KEYS[3], '~followed') or '0') > now_ms
local new = string.format('%.0f-0', now_ms - NEW_MS)

local records = pairs_of(redis.call('HGETALL', KEYS[2]))

local function parts(entry)
  local ms, seq = string.match(entry, '^(%d+)%-(%d+)$')
  return tonumber(ms), seq
end

local function is_before(a, b)
  local a_ms, a_seq = parts(a)
  local b_ms, b_seq = parts(b)
  if a_ms ~= b_ms then return a_ms < b_ms end
  if #a_seq ~= #b_seq then return #a_seq < #b_seq end
  return a_seq < b_seq
end

-- The next entry's number; sequences of more than 15 digits are no numbers to Lua, and are left where they are.
local function after(entry)
  local ms, seq = string.match(entry, '^(%d+)%-(%d+)$')
  if #seq > 15 then return entry end
  return ms .. '-' .. string.format('%.0f', tonumber(seq) + 1)
end

-- The first entry that a group has not settled.
local function low_of(stream, group)
  if group.pending > 0 then return redis.call('XPENDING', stream, group.name)[2] end
  return after(group['last-delivered-id'])
end

-- The first entry of the lane that some group has not settled, or who has no group.
local function low_water(stream, name)
  local event_type = type_of(name)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  local low, present = nil, {}
  for _, info in ipairs(groups) do
    local group = pairs_of(info)
    present[group.name] = true
    local record = records[group.name]
    local stays = not record or takes(record, event_type) or not leave(stream, group.name, KEYS[3], redis.call('HGET', KEYS[4], name) or '')
    local settled = stays and low_of(stream, group)
    if settled and (not low or is_before(settled, low)) then low = settled end
  end
  for group, record in pairs(records) do
    if group ~= '~version' and not present[group] and takes(record, event_type) then return nil, group end
  end
  return low or after(facts_of(stream)['last-generated-id'])
end

local removed = {}
for l = 1, #KEYS - 4 do
  local stream = KEYS[4 + l]
  local low, missing = low_water(stream, ARGV[2 + l])
  local waits = is_followed and low and is_before(new, low)
  if waits then low = new end
  if missing then
    removed[l] = missing
  elseif not low then
    removed[l] = 0
  else
    local trimmed = redis.call('XTRIM', stream, 'MINID', '~', low, 'LIMIT', 10000)
    if trimmed == 0 then
      -- What is left before the mark is part of one node: a hundred entries or so.
      removed[l] = redis.call('XTRIM', stream, 'MINID', '=', low)
      if waits then removed[l] = -1 end
    else
      removed[l] = -1
    end
  end
end
return removed
