local NEVER = '-18446744073709551615'

-- The last entry before the time at which a subscription begins; nil if it begins at none.
local function start_of(record)
  local ms = string.match(record, '"start":(%d+)')
  if not ms then return nil end
  return tonumber(ms) > 0 and string.format('%.0f', tonumber(ms) - 1) .. NEVER or '0-0'
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
