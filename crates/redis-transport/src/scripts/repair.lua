#!lua flags=allow-oom
-- Makes anew what a subscription has lost in one partition: its registration, and its groups. A newer registration stays,
-- and an older one, which a replica that died has left behind, gives way. Allowed when memory is full: a subscription that
-- can't read can't make room either.
--
-- KEYS[1]    lanes   HASH
-- KEYS[2]    subs    HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    retry   STREAM
-- KEYS[5]    bell    sharded channel
-- KEYS[6]    removed ZSET
-- KEYS[6+l]  the l-th lane that the record takes, or that is still read  STREAM
-- ARGV[1]    version of the lanes that these were chosen from
-- ARGV[2]    subscription
-- ARGV[3]    the newest record that is known
-- ARGV[4]    since when the one who repairs has been a replica
-- ARGV[3+2l] name of the l-th lane, then its number
-- result     `STALE` if the lanes have another version, `REMOVED` if the subscription was removed since, else {1 if the
--            registration was lost, 1 if the group of the retry stream was, the record that holds, what others have made
--            anew and nobody has told yet: '' or in how many lanes, and some of them, then for each lane `held`, `left` if
--            the subscription reads it no more, or {where it reads on, how many entries follow or -1}}

local group = ARGV[2]

if (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include removed

if is_removed(KEYS[6], group, ARGV[4]) then return redis.status_reply('REMOVED') end

-- include glob
-- include since
-- include after
-- include leave
-- include start
-- include remake
-- include record
-- include enter
-- include joining

local known = redis.call('HGET', KEYS[2], group)
local is_older = known and is_newer(ARGV[3], known)
local record = (not known or is_older) and ARGV[3] or known
local untold = redis.call('HGET', KEYS[3], group .. '\n~remade')
if untold then redis.call('HDEL', KEYS[3], group .. '\n~remade') end
local result = {known and 0 or 1, make_group(KEYS[4], group, '0') and 1 or 0, record, untold or ''}
if not known then note_first(KEYS[2], KEYS[3]) end

local function is_left(name, number)
  if takes(record, type_of(name)) then return false end
  local field = group .. '\n' .. number
  return redis.call('HEXISTS', KEYS[3], field) == 0 or redis.call('HEXISTS', KEYS[3], field .. '\nleft') == 1
end

local function is_new(name)
  return is_older and takes(record, type_of(name)) and not takes(known, type_of(name))
end

-- What another has begun on a lane before it had a record is begun anew.
local function undo(stream, name, number)
  local field = group .. '\n' .. number
  if record == known or not takes(record, type_of(name)) then return end
  local mark = redis.call('HGET', KEYS[3], field .. '\njoining')
  if not mark then return end
  local _, how = read_joining(mark, clock_ms())
  undo_joining(stream, group, KEYS[3], field, how)
end

for l = 1, #KEYS - 6 do
  local name, number = ARGV[3 + 2 * l], ARGV[4 + 2 * l]
  undo(KEYS[6 + l], name, number)
  if is_left(name, number) then
    result[l + 4] = 'left'
  elseif is_new(name) then
    enter(KEYS[6 + l], group, KEYS[3], number, start_of(record))
    result[l + 4] = 'held'
  else
    result[l + 4] = remake(KEYS[6 + l], group, KEYS[3], number, start_of(record)) or 'held'
  end
end

if record ~= known then
  redis.call('HSET', KEYS[2], group, record)
  redis.call('HINCRBY', KEYS[2], '~version', 1)
  -- Others may have been registered there as well.
  redis.call('SPUBLISH', KEYS[5], 'lanes')
end
return result
