#!lua
-- Registers a subscription in one partition and gives it a group on each lane that it takes: from now on no event that
-- it takes passes it by. The first partition decides which lists hold; in the others its record is written, unless there
-- is a newer one.
--
-- KEYS[1]    lanes   HASH
-- KEYS[2]    subs    HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    retry   STREAM
-- KEYS[5]    removed ZSET
-- KEYS[5+l]  the l-th lane: first those that the subscription takes, then all others  STREAM
-- ARGV[1]    version of the lanes that these were chosen from
-- ARGV[2]    subscription
-- ARGV[3]    its record; to be decided on, only its lists: `{"patterns":[..],"tenants":[..]`
-- ARGV[4]    the revision that is declared, where it is to be decided; else ''
-- ARGV[5]    how many of the lanes it takes
-- ARGV[6]    where it begins, if it is new: `now`, `beginning`, or a time in milliseconds
-- ARGV[7]    since when it has been a replica
-- ARGV[6+2l] name of the l-th lane, then its number
-- result     `STALE` if the lanes have another version, `REMOVED` if the subscription was removed since, else {1, the
--            record that holds, then each l of a lane that it does not take any more and has not settled}, or, if other
--            lists hold, with nothing changed {0, their record}

local group = ARGV[2]

if (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include removed

if is_removed(KEYS[5], group, ARGV[7]) then return redis.status_reply('REMOVED') end

-- include glob
-- include since
-- include after
-- include leave
-- include start
-- include remake
-- include remade
-- include record
-- include enter

local known = redis.call('HGET', KEYS[2], group)
local from_beginning = ARGV[6] == 'beginning' and not known

-- The record that holds from now on; nil if it is another's.
local function decide()
  local head, declared = ARGV[3], tonumber(ARGV[4])
  local revision, change = 0, 0
  if known then
    revision, change = age_of(known)
    local is_same = string.sub(known, 1, #head + 1) == head .. ','
    if is_same and change > 0 and declared <= revision then return known end
    if not is_same and (declared < revision or (declared == revision and declared > 0)) then return nil end
  end
  revision, change = math.max(revision, declared), math.max(change + 1, clock_ms())
  local start = known and string.match(known, '"start":(%d+)') or not known and string.match(ARGV[6], '^%d+$')
  start = start and ',"start":' .. start or ''
  return string.format('%s,"revision":%.0f,"change":%.0f%s}', head, revision, change, start)
end

local function follow()
  if known and is_newer(known, ARGV[3]) then return nil end
  return ARGV[3]
end

-- Of what was trimmed before nothing is missed, so it is not in the subscription's books.
local function begin_lane(stream, number)
  local facts = facts_of(stream)
  local gone = facts['entries-added'] - (facts.length or 0)
  if make_group(stream, group, '0', gone) then
    local mark = group .. '\n' .. number
    redis.call('HSET', KEYS[3], mark, '0-0', mark .. '\nadded', gone)
    -- Of an earlier stay, if the list of subscriptions was lost and this not.
    redis.call('HDEL', KEYS[3], mark .. '\nmark', mark .. '\nleft', mark .. '\ndrops', mark .. '\ndropped')
  end
end

local record, start

-- A subscription that is new to a lane begins after all that is there. If it had a group there, that was lost.
local function join_lane(stream, name, number)
  if not known and start then return make_at(stream, group, KEYS[3], number, start) end
  if from_beginning then return begin_lane(stream, number) end
  local is_left = redis.call('HEXISTS', KEYS[3], group .. '\n' .. number .. '\nleft') == 1
  if is_left or not known or not takes(known, type_of(name)) then return enter(stream, group, KEYS[3], number, start) end
  local made = remake(stream, group, KEYS[3], number, start)
  if made then note_remade(KEYS[3], group, name, made) end
end

if ARGV[4] == '' then record = follow() else record = decide() end
if not record then return {0, known} end
start = start_of(record)

local taken = tonumber(ARGV[5])
local result = {1, record}
for l = 1, #KEYS - 5 do
  local name, number = ARGV[6 + 2 * l], ARGV[7 + 2 * l]
  if l <= taken then
    join_lane(KEYS[5 + l], name, number)
  elseif known and not leave(KEYS[5 + l], group, KEYS[3], number) then
    result[#result + 1] = l
  end
end
make_group(KEYS[4], group, '0')

if record ~= known then
  note_first(KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[2], group, record)
  redis.call('HINCRBY', KEYS[2], '~version', 1)
end
return result
