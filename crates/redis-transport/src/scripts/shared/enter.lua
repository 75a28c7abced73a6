-- Gives a subscription a group on a lane that is new to it, or that it had left: it begins after all that is there, and
-- not before its time. Answers whether it was made.
local function enter(stream, group, starts, number, start)
  if is_to_come(start, clock_ms()) then return make_at(stream, group, starts, number, start) end
  local facts, field = facts_of(stream), group .. '\n' .. number
  local last, added = facts['last-generated-id'], facts['entries-added']
  if not make_group(stream, group, last, added) then return false end
  -- What it had here before it left stays in its books.
  local left = redis.call('HGET', starts, field .. '\nleft')
  local before = left and left - (redis.call('HGET', starts, field .. '\nadded') or 0) or 0
  redis.call('HSET', starts, field, last, field .. '\nadded', added - before)
  redis.call('HDEL', starts, field .. '\nleft', field .. '\nmark')
  return true
end
