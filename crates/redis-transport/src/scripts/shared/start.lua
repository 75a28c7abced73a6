local NEVER = '-18446744073709551615'

-- The last entry before the time at which a subscription begins; nil if it begins at none.
local function start_of(record)
  local ms = tonumber(string.match(record, '"start":(%d+)') or 0)
  return ms > 0 and string.format('%.0f', ms - 1) .. NEVER or nil
end

local function is_to_come(start, now_ms)
  return start ~= nil and tonumber(string.match(start, '^%d+')) >= now_ms
end

-- How many entries lie before a time that has come, if that is known without counting: where none is left of them.
local function known_before(stream, start)
  local facts = facts_of(stream)
  local first = facts['first-entry']
  if is_to_come(start, clock_ms()) or first and is_after(start, first[1]) then return nil end
  return facts['entries-added'] - (facts.length or 0)
end

-- Lets a subscription begin on a lane at its time. How many entries lie before that may not be known yet: then they are
-- counted before anything is read, see `begin`. So it must be known at once where others may read already: in a store that
-- was emptied. Answers whether it was made.
local function make_at(stream, group, starts, number, start)
  local before, field = known_before(stream, start), group .. '\n' .. number
  if not make_group(stream, group, start, before) then return false end
  redis.call('HSET', starts, field, start)
  redis.call('HDEL', starts, field .. '\nadded', field .. '\nmark', field .. '\nleft', field .. '\ndrops', field .. '\ndropped')
  if before then redis.call('HSET', starts, field .. '\nadded', before) end
  return true
end

-- Whether it is still to be counted how many entries lie before that time. The group has read nothing until then.
local function is_uncounted(starts, field, group, start)
  if redis.call('HEXISTS', starts, field .. '\nadded') == 1 then return false end
  if redis.call('HGET', starts, field) ~= start then return false end
  return group.pending == 0 and group['last-delivered-id'] == start
end

-- So many they are: the group is made anew with that, and may read.
local function note_counted(stream, group, starts, field, start, before)
  redis.call('XGROUP', 'DESTROY', stream, group)
  make_group(stream, group, start, before)
  redis.call('HSET', starts, field .. '\nadded', string.format('%.0f', before))
end
