-- Makes a lost group anew: behind what it had settled when its lane was last trimmed, else where it once began. If the
-- lane has not come that far, it is another one, and the subscription gets all of it. Never at the end: to miss events is
-- worse than to repeat some. Answers {where it reads on, how many entries follow there or -1}; nil if it is not lost.
local function remake(stream, group, starts, number, start)
  local held = redis.pcall('XPENDING', stream, group)
  if not held.err then return nil end
  local facts, field = facts_of(stream), group .. '\n' .. number
  local known = redis.call('HMGET', starts, field .. '\nmark', field)
  local from, read = string.match(known[1] or '', '^(%S+) ?(%d*)$')
  from, read = from or known[2], tonumber(read)
  local last, added = facts['last-generated-id'], facts['entries-added']
  -- At its time it begins whatever the lane holds before.
  if start and (not from or from == start or is_to_come(start, clock_ms())) then
    local before = from == start and tonumber(redis.call('HGET', starts, field .. '\nadded'))
    if before and before <= added then
      make_group(stream, group, start, before)
      return {start, added - before}
    end
    make_at(stream, group, starts, number, start)
    return {start, -1}
  end
  if not from or is_after(from, last) or added == 0 or (read or 0) > added then
    if start then
      make_at(stream, group, starts, number, start)
      return {start, -1}
    end
    from, read = '0-0', 0
    redis.call('HSET', starts, field, from)
    redis.call('HDEL', starts, field .. '\nmark', field .. '\nadded', field .. '\ndrops', field .. '\ndropped')
  end
  make_group(stream, group, from, read)
  return {from, read and added - read or -1}
end
