-- A bucket of the index. It is a log in a STRING: for each event its member, line feed, its place, line feed; of several
-- lines for one member the last holds. What comes once the log has grown this long goes to a HASH beside it, so that no
-- call has more to read than so much.
local LONGEST_LOG = 8192

-- So many members are looked for one by one: for more it is cheaper to take the whole log apart first.
local FEW_MEMBERS = 16

local find, sub = string.find, string.sub

-- member → place, for all that a log holds; what is no log of ours holds nothing.
local function places_of(log)
  local places, at = {}, 1
  while true do
    local member_end = find(log, '\n', at + 16, true)
    local place_end = member_end and find(log, '\n', member_end + 1, true)
    if not place_end then return places end
    places[sub(log, at, member_end - 1)] = sub(log, member_end + 1, place_end - 1)
    at = place_end + 1
  end
end

-- The bucket of these two keys, for one that looks for so many members, kept for so many seconds from now on. A table and
-- plain functions: a closure for each would be made anew in every call.
local function open_bucket(log_key, rest_key, asked, seconds)
  local log = redis.call('GETEX', log_key, 'EX', seconds)
  local is_full = log and #log >= LONGEST_LOG
  return {
    log_key = log_key, rest_key = rest_key, seconds = seconds, log = log, is_full = is_full,
    -- Looked at before anything is stored: where that key is no hash of ours, what is stored could not be noted.
    rest_count = is_full and redis.call('HLEN', rest_key),
    places = log and asked > FEW_MEMBERS and places_of(log),
    added = {}, count = 0,
  }
end

-- The place of a member, nil if the bucket does not hold it.
local function place_in(bucket, member)
  local log = bucket.log
  if not log then return nil end
  local place = bucket.is_full and redis.call('HGET', bucket.rest_key, member)
  if place then return place end
  -- Its bytes may be part of others by chance, so that it is found does not say that it is there.
  if not bucket.places and not find(log, member, 1, true) then return nil end
  bucket.places = bucket.places or places_of(log)
  return bucket.places[member]
end

local function put_in(bucket, member, place)
  local added, count = bucket.added, bucket.count
  added[count + 1], added[count + 2] = member, place
  bucket.count = count + 2
end

-- Stores what was put; answers how many bytes the bucket has then, nearly.
local function save_bucket(bucket)
  local log, added = bucket.log, bucket.added
  if bucket.count == 0 then return log and #log or 0 end
  if bucket.is_full then
    redis.call('HSET', bucket.rest_key, unpack(added))
    redis.call('EXPIRE', bucket.rest_key, bucket.seconds)
    return #log + 64 * (bucket.rest_count + bucket.count / 2)
  end
  added[bucket.count + 1] = ''
  local lines = table.concat(added, '\n')
  if log then
    redis.call('APPEND', bucket.log_key, lines)
    return #log + #lines
  end
  redis.call('SET', bucket.log_key, lines, 'EX', bucket.seconds)
  return #lines
end
