#!lua flags=no-writes
-- Tells how much of some lanes of one partition, or of the retry stream, waits for a subscription, and of whom. Reads
-- only. Where more than 100 events wait it looks at a sample of them: 100 of those not handed out, spread over their
-- times, and the 100 oldest of those handed out; in all at 400 and at 1 MiB, give or take ten for each stream.
--
-- KEYS[1]   starts  HASH  `<subscription>\n<lane number>\nleft`: the subscription reads the lane no more
-- KEYS[1+i] lane, or the retry stream  STREAM, at most 20
-- ARGV[1]   subscription
-- ARGV[1+i] number of the lane; empty for the retry stream
-- result    for each stream {1, or 0 if the subscription has no group there, or -1 if it reads the lane no more, not
--           handed out yet, handed out and not settled, of these handed back, milliseconds that the oldest of all waits
--           or -1, how many of the first were looked at, how many of the second, then for each lane and tenant: name of
--           the lane (empty: that of the stream), tenant (empty if there is none), how many it has of the first, of those
--           held, of those handed back, milliseconds that its oldest waits}

local group = ARGV[1]
local MOST, MOST_OF_ALL, MOST_BYTES, AT_A_SPOT = 100, 400, 1048576, 5

-- include after
-- include position

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local events_left, bytes_left, streams_left = MOST_OF_ALL, MOST_BYTES, #KEYS - 1

local function ms_of(entry)
  return tonumber(string.match(entry, '^(%d+)')) or now
end

local function age_of(entry)
  return math.max(0, now - ms_of(entry))
end

-- Notes whose an entry is. `kind` is 3 if it was not handed out, 4 if it is held, 5 if it was handed back.
local function note(cells, entry, kind)
  local member, lane, bytes = '', '', 0
  for at = 1, #entry[2], 2 do
    local name, value = entry[2][at], entry[2][at + 1]
    if name == 'm' then member = value end
    if name == 'l' then lane = value end
    bytes = bytes + #value
  end
  local tenant = string.sub(member, 17)
  local key = lane .. '\n' .. tenant
  local cell = cells[key] or {lane, tenant, 0, 0, 0, 0}
  cells[key] = cell
  cell[kind] = cell[kind] + 1
  cell[6] = math.max(cell[6], age_of(entry[1]))
  events_left, bytes_left = events_left - 1, bytes_left - bytes
end

-- A few at a time, so that large ones are not all read before it is known how large they are.
local function note_all(cells, stream, from, most)
  local seen = 0
  while seen < most and bytes_left > 0 do
    local page = redis.call('XRANGE', stream, from, '+', 'COUNT', math.min(10, most - seen))
    if #page == 0 then break end
    for _, entry in ipairs(page) do note(cells, entry, 3) end
    seen, from = seen + #page, '(' .. page[#page][1]
  end
  return seen
end

-- The later one of two places to read on from; the second may exclude its entry.
local function later(wanted, from)
  local whole = string.find(wanted, '-', 1, true) and wanted or wanted .. '-0'
  return is_after(whole, (string.gsub(from, '^%(', ''))) and wanted or from
end

-- A few at each of some times between the first and the last, at random within equal parts. Those that one call of a
-- publisher stored share a millisecond or a few, so it goes on from there by a random number of entries.
local function note_some(cells, stream, from, last, most)
  if bytes_left <= 0 then return 0 end
  local first = redis.call('XRANGE', stream, from, '+', 'COUNT', 1)[1]
  if not first then return 0 end
  local begin, seen, previous = ms_of(first[1]), 0, nil
  local spots, span = math.ceil(most / AT_A_SPOT), ms_of(last) - begin + 1
  for spot = 0, spots - 1 do
    local ms = string.format('%.0f', math.floor(begin + span * (spot + math.random()) / spots))
    local found = redis.call('XRANGE', stream, later(ms, previous or first[1]), '+', 'COUNT', 1)[1]
    if found then
      local found_ms, found_seq = string.match(found[1], '^(%d+)%-(%d+)$')
      local on = string.format('%s-%.0f', found_ms, tonumber(found_seq) + math.random(0, 255))
      local page = redis.call('XRANGE', stream, previous and later(on, previous) or on, '+', 'COUNT', AT_A_SPOT)
      for _, entry in ipairs(page) do note(cells, entry, 3) end
      seen = seen + #page
      if #page > 0 then previous = '(' .. page[#page][1] end
    end
    if seen >= most or bytes_left <= 0 then break end
  end
  return seen
end

local function note_held(cells, stream, most)
  if most <= 0 then return 0 end
  local seen = 0
  for _, held in ipairs(redis.call('XPENDING', stream, group, '-', '+', most)) do
    if bytes_left <= 0 then break end
    local entry = redis.call('XRANGE', stream, held[1], held[1])[1]
    if entry then note(cells, entry, held[2] == '~released' and 5 or 4) end
    seen = seen + 1
  end
  return seen
end

local function back(summary)
  for _, owner in ipairs(summary[4] or {}) do
    if owner[1] == '~released' then return tonumber(owner[2]) end
  end
  return 0
end

-- Without a group, all that lies there comes.
local function lost(number, stream)
  if redis.call('HEXISTS', KEYS[1], group .. '\n' .. number .. '\nleft') == 1 then return nil end
  local length = redis.pcall('XLEN', stream)
  return type(length) == 'number' and length or 0
end

local function look_at(i)
  local stream, number = KEYS[i], ARGV[i]
  local share = math.max(2, math.floor(events_left / streams_left))
  streams_left = streams_left - 1
  local at, cells = position(stream, group), {}
  local count, pending, released, from, oldest = 0, 0, 0, '-', -1
  if at then
    local summary = redis.call('XPENDING', stream, group)
    pending, released, from = summary[1], back(summary), '(' .. at['last-delivered-id']
    if number == '' then
      count = math.max(0, redis.call('XLEN', stream) - pending)
    else
      count = unread(stream, fields(redis.call('XINFO', 'STREAM', stream)), at)
    end
    if pending > 0 then oldest = age_of(summary[2]) end
  else
    count = lost(number, stream)
    if not count then return {-1, 0, 0, 0, -1, 0, 0} end
  end
  local held_seen = note_held(cells, stream, math.min(MOST, math.floor(share / 2), pending))
  share = math.min(MOST, share - held_seen)
  local seen = 0
  if count > 0 then
    local head = redis.call('XRANGE', stream, from, '+', 'COUNT', 1)[1]
    if head then oldest = math.max(oldest, age_of(head[1])) end
    if count <= share then
      seen = note_all(cells, stream, from, count)
    else
      local last = fields(redis.call('XINFO', 'STREAM', stream))['last-generated-id']
      seen = note_some(cells, stream, from, last, share)
    end
  end
  local result = {at and 1 or 0, count, pending, released, oldest, seen, held_seen}
  for _, cell in pairs(cells) do
    for _, value in ipairs(cell) do result[#result + 1] = value end
  end
  return result
end

local results = {}
for i = 2, #KEYS do results[i - 1] = look_at(i) end
return results
