#!lua flags=allow-oom
-- Removes from lanes what every subscription has settled, and notes for each how far that is: where it reads on if its
-- group is lost. One process trims a partition at a time, by a token.
--
-- KEYS[1]    trim  STRING
-- KEYS[2]    subs  HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    lanes  HASH
-- KEYS[4+l]  the l-th lane, at most 20  STREAM
-- ARGV[1]    who trims
-- ARGV[2]    milliseconds that the token lasts
-- ARGV[2+l]  name of the l-th lane
-- result     nil if another trims, else for each lane how many entries were removed, -1 if there may be more, or
--            {subscription, where it reads on}: it takes the type and had lost its group there, which was made anew, and
--            nothing was removed

local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return nil end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])

-- include glob
-- include after
-- include leave
-- include remake
-- include since

local function pairs_of(list)
  local read = {}
  for at = 1, #list, 2 do read[list[at]] = list[at + 1] end
  return read
end

local records = pairs_of(redis.call('HGETALL', KEYS[2]))

-- After all subscriptions were lost, those that run come back within this time: what is younger waits for them.
local GRACE_MS = 2000

local now = clock_ms()
local since = tonumber(redis.call('HGET', KEYS[3], '~since')) or 0
local is_new = not next(records) or now - since < GRACE_MS
local numbers = redis.call('HMGET', KEYS[4], unpack(ARGV, 3))

-- The next entry's number; sequences of more than 15 digits are no numbers to Lua, and are left where they are.
local function after(entry)
  local ms, seq = string.match(entry, '^(%d+)%-(%d+)$')
  if #seq > 15 then return entry end
  return ms .. '-' .. string.format('%.0f', tonumber(seq) + 1)
end

-- The last entry before it.
local function before(entry)
  local ms, seq = string.match(entry, '^(%d+)%-(%d+)$')
  if #seq > 15 then return '0-0' end
  if tonumber(seq) > 0 then return ms .. '-' .. string.format('%.0f', tonumber(seq) - 1) end
  return string.format('%.0f', math.max(0, tonumber(ms) - 1)) .. '-18446744073709551615'
end

-- The first entry that a group has not settled, and what is noted of those before: the last one, and how many they are,
-- where that is known.
local function low_of(stream, group)
  if group.pending > 0 then
    local low = redis.call('XPENDING', stream, group.name)[2]
    return low, before(low)
  end
  local last, read = group['last-delivered-id'], group['entries-read']
  return after(last), read and last .. ' ' .. string.format('%.0f', read) or last
end

-- The first entry of the lane that some group has not settled; else who has lost its group there, and where it reads on.
local function low_water(stream, name, number)
  if number == '' then return nil end
  local event_type = type_of(name)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  local low, present, marks = nil, {}, {}
  for _, info in ipairs(groups) do
    local group = pairs_of(info)
    present[group.name] = true
    local record = records[group.name]
    if not record or takes(record, event_type) or not leave(stream, group.name, KEYS[3], number) then
      local settled, mark = low_of(stream, group)
      if not low or is_after(low, settled) then low = settled end
      if record and #marks < 2000 then
        marks[#marks + 1] = group.name .. '\n' .. number .. '\nmark'
        marks[#marks + 1] = mark
      end
    end
  end
  if #marks > 0 then redis.call('HSET', KEYS[3], unpack(marks)) end
  for group, record in pairs(records) do
    if group ~= '~version' and not present[group] and takes(record, event_type) then
      local made = remake(stream, group, KEYS[3], number)
      if made then return nil, {group, made[1]} end
    end
  end
  low = low or after(facts_of(stream)['last-generated-id'])
  local youngest = string.format('%.0f-0', now - GRACE_MS)
  return is_new and is_after(low, youngest) and youngest or low
end

local removed = {}
for l = 1, #KEYS - 4 do
  local stream = KEYS[4 + l]
  local low, missing = low_water(stream, ARGV[2 + l], numbers[l] or '')
  if missing then
    removed[l] = missing
  elseif not low then
    removed[l] = 0
  else
    local trimmed = redis.call('XTRIM', stream, 'MINID', '~', low, 'LIMIT', 10000)
    if trimmed == 0 then
      -- What is left before the mark is part of one node: a hundred entries or so.
      trimmed = redis.call('XTRIM', stream, 'MINID', '=', low)
      removed[l] = is_new and -1 or trimmed
    else
      removed[l] = -1
    end
  end
end
return removed
