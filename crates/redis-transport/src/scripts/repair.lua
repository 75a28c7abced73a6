#!lua flags=allow-oom
-- Makes anew what a subscription has lost in one partition: its registration, and its groups. What a newer replica has
-- registered stays. Allowed when memory is full: a subscription that can't read can't make room either.
--
-- KEYS[1]    lanes   HASH
-- KEYS[2]    subs    HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    retry   STREAM
-- KEYS[5]    bell    sharded channel
-- KEYS[6]    removed ZSET
-- KEYS[6+l]  the l-th lane that the subscription takes, or still reads  STREAM
-- ARGV[1]    version of the lanes that these were chosen from
-- ARGV[2]    subscription
-- ARGV[3]    its patterns, a JSON list
-- ARGV[4]    its tenants, a JSON list
-- ARGV[5]    since when the one who repairs has been a replica
-- ARGV[4+2l] name of the l-th lane, then its number
-- result     `STALE` if the lanes have another version, `REMOVED` if the subscription was removed since, else {1 if the registration was lost, 1 if the group of the retry
--            stream was, then for each lane `held`, `left` if the subscription reads it no more, or
--            {where it reads on, how many entries follow or -1}}

local group = ARGV[2]

if (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include removed

if is_removed(KEYS[6], group, ARGV[5]) then return redis.status_reply('REMOVED') end

-- include glob
-- include after
-- include leave
-- include remake
-- include since

local known = redis.call('HGET', KEYS[2], group)
local result = {known and 0 or 1, make_group(KEYS[4], group, '0') and 1 or 0}
if not known then
  note_first(KEYS[2], KEYS[3])
  known = '{"patterns":' .. ARGV[3] .. ',"tenants":' .. ARGV[4] .. ',"revision":1}'
end

local function is_left(name, number)
  if takes(known, type_of(name)) then return false end
  local field = group .. '\n' .. number
  return redis.call('HEXISTS', KEYS[3], field) == 0 or redis.call('HEXISTS', KEYS[3], field .. '\nleft') == 1
end

for l = 1, #KEYS - 6 do
  local name, number = ARGV[4 + 2 * l], ARGV[5 + 2 * l]
  if is_left(name, number) then
    result[l + 2] = 'left'
  else
    result[l + 2] = remake(KEYS[6 + l], group, KEYS[3], number) or 'held'
  end
end

if result[1] == 1 then
  redis.call('HSET', KEYS[2], group, known)
  redis.call('HINCRBY', KEYS[2], '~version', 1)
  -- Others may have been registered there as well.
  redis.call('SPUBLISH', KEYS[5], 'lanes')
end
return result
