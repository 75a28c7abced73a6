-- Of one whose record can't be read nobody knows whether it takes the type, and without it the lane must not be made.
local function is_taker(group, record, event_type)
  if group == '~version' then return false end
  local is_read, is_taken = pcall(takes, record, event_type)
  if is_read then return is_taken end
  error({err = 'UNREADABLE `' .. string.gsub(group, '%c', '?') .. '` in ' .. KEYS[2]})
end

-- The subscriptions that take a type, each followed by its record.
local function takers_of(event_type)
  local takers, subs = {}, redis.call('HGETALL', KEYS[2])
  for at = 1, #subs, 2 do
    if is_taker(subs[at], subs[at + 1], event_type) then
      takers[#takers + 1], takers[#takers + 2] = subs[at], subs[at + 1]
    end
  end
  return takers
end

-- Makes a lane, or one whose stream was deleted, with the groups of all who take its type, before its first entry; answers
-- its number, and takes down what readers are to be told of. It is told of last, for where the key is no stream nobody
-- must begin to read it. KEYS[1] to KEYS[3]: lanes, subs, starts.
local function make_lane(lane, name, number, news)
  local is_new, takers = not number, takers_of(type_of(name))
  if is_new then number = tostring(redis.call('HINCRBY', KEYS[1], '~version', 1)) end
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  for at = 1, #takers, 2 do
    local group, start = takers[at], start_of(takers[at + 1])
    local field = group .. '\n' .. number
    if is_to_come(start, now) then
      make_group(lane, group, start)
      redis.call('HSET', KEYS[3], field, start)
    else
      make_group(lane, group, '0', 0)
      redis.call('HSET', KEYS[3], field, '0-0')
    end
    -- Of another lane, if this one's number or stream was lost.
    redis.call('HDEL', KEYS[3], field .. '\nmark', field .. '\nadded', field .. '\nleft',
      field .. '\ndrops', field .. '\ndropped', field .. '\njoining')
    if not is_new then note_remade(KEYS[3], group, name, {redis.call('HGET', KEYS[3], field), -1}) end
  end
  if is_new then
    redis.call('HSET', KEYS[1], name, number)
    news.has_lane = true
  else
    news.gone[#news.gone + 1] = number
  end
  return number
end
