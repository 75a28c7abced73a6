#!lua flags=allow-oom
-- Removes from lanes what every subscription has settled, and notes for each how far that is: where it reads on if its
-- group is lost. One process trims a partition at a time, by a token. Of a lane that is longer than it may be, the oldest
-- entries go whether or not they are settled: that is counted for each subscription.
-- While somebody follows without a group, what is new stays for a moment, unless the lane is too long.
--
-- KEYS[1]    trim  STRING
-- KEYS[2]    subs  HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    lanes  HASH
-- KEYS[5]    bell  sharded channel
-- KEYS[5+l]  the l-th lane, at most 20  STREAM
-- ARGV[1]    who trims
-- ARGV[2]    milliseconds that the token lasts
-- ARGV[3]    how many entries a lane may have; 0 if it has no such limit
-- ARGV[4]    milliseconds that entries are kept though they are settled
-- ARGV[5]    of how many that holds at most; 0 if there is no such limit
-- ARGV[5+l]  name of the l-th lane
-- result     nil if another trims, else for each lane how many entries were removed, -1 if there may be more (none was,
--            if a subscription that takes the type had lost its group there: that was made anew, and it is told), or {1 if
--            the lane is too long still, else 0, how many entries were cut off unsettled, then for each subscription that
--            lost some: its name, how many}

local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return nil end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])

-- include glob
-- include since
-- include after
-- include leave
-- include start
-- include remake
-- include joining
-- include remade

local function pairs_of(list)
  local read = {}
  for at = 1, #list, 2 do read[list[at]] = list[at + 1] end
  return read
end

local records = pairs_of(redis.call('HGETALL', KEYS[2]))

-- Longer than a follower waits until it looks, if it hears no bell.
local NEW_MS = 8000
-- After all subscriptions were lost, those that run come back within this time: what is younger waits for them.
local GRACE_MS = 2000

local now = clock_ms()
local since = tonumber(redis.call('HGET', KEYS[3], '~since')) or 0
local is_followed = tonumber(redis.call('HGET', KEYS[3], '~followed') or '0') > now
local new = string.format('%.0f-0', now - NEW_MS)
local is_new = not next(records) or now - since < GRACE_MS
local numbers = redis.call('HMGET', KEYS[4], unpack(ARGV, 6))
local cap, keep_ms, keep_entries = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
-- How many entries one call looks at where lanes are too long, each once for itself and once for every subscription.
local budget = 3000

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

-- Whether entries wait for a group: not if its subscription takes the lane no more and has settled it, nor if a joiner has
-- made it and died.
local function is_waited_for(stream, group, event_type, number)
  local record, field = records[group], group .. '\n' .. number
  if record and takes(record, event_type) then return true end
  local mark = redis.call('HGET', KEYS[3], field .. '\njoining')
  if mark then
    local is_alive, undo = read_joining(mark, now)
    if is_alive then return true end
    if undo_joining(stream, group, KEYS[3], field, undo) then return false end
  end
  return not record or not leave(stream, group, KEYS[3], number)
end

-- The first entry of the lane that some group has not settled, nil if it has none, then the groups of subscriptions; nil
-- and true if one had lost its group there.
local function low_water(stream, name, number)
  if number == '' then return nil end
  local event_type = type_of(name)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  local low, present, marks, readers = nil, {}, {}, {}
  for _, info in ipairs(groups) do
    local group = pairs_of(info)
    present[group.name] = true
    local record = records[group.name]
    if is_waited_for(stream, group.name, event_type, number) then
      local settled, mark = low_of(stream, group)
      if not low or is_after(low, settled) then low = settled end
      if record then readers[#readers + 1] = group end
      if record and #marks < 2000 then
        marks[#marks + 1] = group.name .. '\n' .. number .. '\nmark'
        marks[#marks + 1] = mark
      end
    end
  end
  if #marks > 0 then redis.call('HSET', KEYS[3], unpack(marks)) end
  for group, record in pairs(records) do
    if group ~= '~version' and not present[group] and takes(record, event_type) then
      local made = remake(stream, group, KEYS[3], number, start_of(record))
      if made then
        note_remade(KEYS[3], group, name, made)
        redis.call('SPUBLISH', KEYS[5], 'remade:' .. group)
        return nil, true
      end
    end
  end
  return low or after(facts_of(stream)['last-generated-id']), readers
end

-- Removes what comes before an entry: whole nodes as long as there are some, then what is left, a hundred entries or so.
local function remove_before(stream, entry)
  if redis.call('XTRIM', stream, 'MINID', '~', entry, 'LIMIT', 10000) > 0 then return -1 end
  return redis.call('XTRIM', stream, 'MINID', '=', entry)
end

-- The oldest entries of a lane, as many as there is time for; nil if there is none.
local function oldest(stream, most, readers)
  if budget <= 0 then return nil end
  local count = math.min(most, math.max(1, math.floor(budget / (1 + readers))))
  budget = budget - count * (1 + readers)
  return redis.call('XRANGE', stream, '-', '+', 'COUNT', count)
end

-- Removes what all have settled and is not kept.
local function trim(stream, low)
  local waits = is_followed and is_after(low, new)
  if waits then low = new end
  local keep = math.max(keep_ms, is_new and GRACE_MS or 0)
  local youngest = string.format('%.0f-0', math.max(0, now - keep))
  local removed = remove_before(stream, keep > 0 and is_after(low, youngest) and youngest or low)
  if is_new or waits then removed = -1 end
  if keep_entries == 0 or is_new then return removed end
  local excess = redis.call('XLEN', stream) - keep_entries
  if excess <= 0 then return removed end
  local page = oldest(stream, excess, 0)
  if not page then return {1, 0} end
  local beyond = after(page[#page][1])
  redis.call('XTRIM', stream, 'MINID', '=', is_after(beyond, low) and low or beyond)
  return {excess > #page and is_after(low, beyond) and 1 or 0, 0}
end

-- Notes which entries of a page a subscription lost, as runs from one to another. Runs are joined where nothing lies in
-- between: the first entry of the page is the `ordinal`th that was ever added.
local function note_drops(field, page, is_lost, ordinal)
  local stored = redis.call('HGET', KEYS[3], field .. '\ndrops') or '0;'
  local last_ordinal, runs = tonumber(string.match(stored, '^(%d+);')), {}
  for first, last in string.gmatch(stored, '(%d+%-%d+) (%d+%-%d+)') do runs[#runs + 1] = {first, last} end
  local count = 0
  for at, entry in ipairs(page) do
    if is_lost[entry[1]] then
      count = count + 1
      local here = ordinal + at - 1
      if #runs > 0 and last_ordinal == here - 1 then
        runs[#runs][2] = entry[1]
      else
        runs[#runs + 1] = {entry[1], entry[1]}
      end
      last_ordinal = here
    end
  end
  if count == 0 then return 0 end
  -- Of more than 200 runs the oldest become one: better a settled entry that is taken for lost than the other way.
  local texts, first_kept = {}, math.max(1, #runs - 199)
  runs[first_kept][1] = runs[1][1]
  for at = first_kept, #runs do texts[#texts + 1] = runs[at][1] .. ' ' .. runs[at][2] end
  redis.call('HSET', KEYS[3], field .. '\ndrops', string.format('%.0f;', last_ordinal) .. table.concat(texts, ','))
  redis.call('HINCRBY', KEYS[3], field .. '\ndropped', count)
  return count
end

-- Takes a page of entries from a subscription; answers which it had not settled. The first of the page is the `ordinal`th
-- that was ever added.
local function take_from(stream, field, group, page, ordinal)
  local is_lost, low, high = {}, 1, #page + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_after(page[middle][1], group['last-delivered-id']) then high = middle else low = middle + 1 end
  end
  local unread = #page + 1 - low
  for at = low, #page do is_lost[page[at][1]] = true end
  local start = start_of(records[group.name])
  if unread > 0 and start and is_uncounted(KEYS[3], field, group, start) then
    note_counted(stream, group.name, KEYS[3], field, start, ordinal + low - 2)
  end
  -- Read away, for the group counts what it was given.
  if unread > 0 then
    redis.call('XREADGROUP', 'GROUP', group.name, '~released', 'COUNT', unread, 'NOACK', 'STREAMS', stream, '>')
  end
  if group.pending > 0 then
    -- Entries before the page that are held still were deleted by others.
    local held = redis.call('XPENDING', stream, group.name, page[1][1], page[#page][1], #page)
    for _, entry in ipairs(held) do
      is_lost[entry[1]] = true
      redis.call('XACK', stream, group.name, entry[1])
    end
  end
  return is_lost
end

-- Cuts off the oldest entries of a lane that is too long; nil if it is not.
local function cut(stream, number, readers)
  local length = redis.call('XLEN', stream)
  if cap == 0 or length <= cap then return nil end
  local page = oldest(stream, length - cap, #readers)
  if not page then return {1, 0} end
  local ordinal = facts_of(stream)['entries-added'] - length + 1
  local report = {length - #page > cap and 1 or 0, 0}
  for _, group in ipairs(readers) do
    local field = group.name .. '\n' .. number
    local count = note_drops(field, page, take_from(stream, field, group, page, ordinal), ordinal)
    if count > 0 then
      report[2] = math.max(report[2], count)
      report[#report + 1] = group.name
      report[#report + 1] = count
    end
  end
  redis.call('XTRIM', stream, 'MINID', '=', after(page[#page][1]))
  return report
end

local results = {}
for l = 1, #KEYS - 5 do
  local stream = KEYS[5 + l]
  local low, readers = low_water(stream, ARGV[5 + l], numbers[l] or '')
  if not low then
    results[l] = readers and -1 or 0
  else
    local removed = trim(stream, low)
    results[l] = cut(stream, numbers[l], readers) or removed
  end
end
return results
