local NEVER = '-18446744073709551615'

-- The last entry before the time at which a subscription begins; nil if it begins at none.
local function start_of(record)
  local ms = tonumber(string.match(record, '"start":(%d+)') or 0)
  return ms > 0 and string.format('%.0f', ms - 1) .. NEVER or nil
end

local function is_to_come(start, now_ms)
  return start ~= nil and tonumber(string.match(start, '^%d+')) >= now_ms
end

-- Lets a subscription begin on a lane at its time. How many entries lie before that is not known yet: they are counted
-- before anything is read, see `begin`.
local function make_at(stream, group, starts, number, start)
  if not make_group(stream, group, start) then return end
  local field = group .. '\n' .. number
  redis.call('HSET', starts, field, start)
  redis.call('HDEL', starts, field .. '\nadded', field .. '\nmark', field .. '\nleft', field .. '\ndrops', field .. '\ndropped')
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
