#!lua
-- Registers a subscription in one partition and gives it a group on each lane that it takes: from now on no event that
-- it takes passes it by.
--
-- KEYS[1]    lanes   HASH
-- KEYS[2]    subs    HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    retry   STREAM
-- KEYS[5]    removed ZSET
-- KEYS[5+l]  the l-th lane: first those that the subscription takes, then all others  STREAM
-- ARGV[1]    version of the lanes that these were chosen from
-- ARGV[2]    subscription
-- ARGV[3]    its patterns, a JSON list
-- ARGV[4]    its tenants, a JSON list
-- ARGV[5]    how many of the lanes it takes
-- ARGV[6]    1 if it begins, where it is new to the partition, with all that lies there; 0 if with what comes
-- ARGV[7]    since when it has been a replica
-- ARGV[6+2l] name of the l-th lane, then its number
-- result     `STALE` if the lanes have another version, `REMOVED` if the subscription was removed since, else {revision of the subscription, then each l of a lane that
--            it does not take any more and has not settled}

local group = ARGV[2]

if (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include removed

if is_removed(KEYS[5], group, ARGV[7]) then return redis.status_reply('REMOVED') end

-- include glob
-- include after
-- include leave
-- include remake
-- include since

local known = redis.call('HGET', KEYS[2], group)
local from_beginning = ARGV[6] == '1' and not known

-- Of what was trimmed before nothing is missed, so it is not in the subscription's books.
local function begin_lane(stream, number, facts)
  local gone = facts['entries-added'] - (facts.length or 0)
  if make_group(stream, group, '0', gone) then
    local mark = group .. '\n' .. number
    redis.call('HSET', KEYS[3], mark, '0-0', mark .. '\nadded', gone)
    -- Of an earlier stay, if the list of subscriptions was lost and this not.
    redis.call('HDEL', KEYS[3], mark .. '\nmark', mark .. '\nleft', mark .. '\ndrops', mark .. '\ndropped')
  end
end

-- A subscription that is new to a lane begins after all that is there. If it had a group there, that was lost.
local function join_lane(stream, name, number)
  local facts = facts_of(stream)
  if from_beginning then return begin_lane(stream, number, facts) end
  local last, mark = facts['last-generated-id'], group .. '\n' .. number
  local left = redis.call('HGET', KEYS[3], mark .. '\nleft')
  local is_new = not known or not takes(known, type_of(name))
  if left or is_new then
    if make_group(stream, group, last, facts['entries-added']) then
      -- What it had here before it left stays in its books.
      local before = left and left - (redis.call('HGET', KEYS[3], mark .. '\nadded') or 0) or 0
      redis.call('HSET', KEYS[3], mark, last, mark .. '\nadded', facts['entries-added'] - before)
      redis.call('HDEL', KEYS[3], mark .. '\nleft', mark .. '\nmark')
    end
    return
  end
  remake(stream, group, KEYS[3], number)
end

local taken = tonumber(ARGV[5])
local result = {1}
for l = 1, #KEYS - 5 do
  local name, number = ARGV[6 + 2 * l], ARGV[7 + 2 * l]
  if l <= taken then
    join_lane(KEYS[5 + l], name, number)
  elseif known and not leave(KEYS[5 + l], group, KEYS[3], number) then
    result[#result + 1] = l
  end
end
make_group(KEYS[4], group, '0')

local same = '{"patterns":' .. ARGV[3] .. ',"tenants":' .. ARGV[4] .. ',"revision":'
if known and string.sub(known, 1, #same) == same then
  result[1] = cjson.decode(known).revision
  return result
end

if known then result[1] = cjson.decode(known).revision + 1 end
note_first(KEYS[2], KEYS[3])
redis.call('HSET', KEYS[2], group, same .. result[1] .. '}')
redis.call('HINCRBY', KEYS[2], '~version', 1)
return result
