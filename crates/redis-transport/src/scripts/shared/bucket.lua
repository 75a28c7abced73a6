-- A bucket of the index. It is a log in a STRING: for each event its member, line feed, its place, line feed; of several
-- lines for one member the last holds. What comes once the log has grown this long goes to a HASH beside it, so that no
-- call has more to read than so much.
local LONGEST_LOG = 8192

-- So many members are looked for one by one: for more it is cheaper to take the whole log apart first.
local FEW_MEMBERS = 16

-- member → place, for all that a log holds; what is no log of ours holds nothing.
local function places_of(log)
  local places, at = {}, 1
  while true do
    local member_end = string.find(log, '\n', at + 16, true)
    local place_end = member_end and string.find(log, '\n', member_end + 1, true)
    if not place_end then return places end
    places[string.sub(log, at, member_end - 1)] = string.sub(log, member_end + 1, place_end - 1)
    at = place_end + 1
  end
end

-- The bucket of these two keys, for one that looks for so many members.
local function open_bucket(log_key, rest_key, asked)
  local log = redis.call('GET', log_key)
  local is_full = log and #log >= LONGEST_LOG
  local places = log and asked > FEW_MEMBERS and places_of(log)
  local added, count = {}, 0
  local bucket = {is_new = not log}

  function bucket.place(member)
    local place = is_full and redis.call('HGET', rest_key, member)
    if place then return place end
    -- Its bytes may be part of others by chance, so that it is found does not say that it is there.
    if not log or not places and not string.find(log, member, 1, true) then return nil end
    places = places or places_of(log)
    return places[member]
  end

  function bucket.put(member, place)
    added[count + 1], added[count + 2] = member, place
    count = count + 2
  end

  -- Stores what was put; answers how many bytes the bucket has then, nearly.
  function bucket.save(seconds)
    if count == 0 then return log and #log or 0 end
    if is_full then
      redis.call('HSET', rest_key, unpack(added))
      redis.call('EXPIRE', rest_key, seconds)
      redis.call('EXPIRE', log_key, seconds)
      return #log + 64 * redis.call('HLEN', rest_key)
    end
    added[count + 1] = ''
    local lines = table.concat(added, '\n')
    if log then
      redis.call('APPEND', log_key, lines)
      redis.call('EXPIRE', log_key, seconds)
      return #log + #lines
    end
    redis.call('SET', log_key, lines, 'EX', seconds)
    return #lines
  end

  return bucket
end
