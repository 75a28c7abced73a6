#!lua flags=allow-oom
-- Begins to remove a subscription, unless somebody reads or removes it, or goes on with that: meanwhile no replica of it
-- begins. Of a removal whose process died, the next one takes the place; when that has begun, the first can't go on.
-- Replicas that count as dead and did not say that they leave may have died, or the clock was set forward: they are asked
-- to say that they live, and whoever removes waits for that.
--
-- KEYS[1]  replicas  ZSET
-- KEYS[2]  removing  HASH
-- KEYS[3]  removed   ZSET
-- KEYS[4]  bell      sharded channel
-- KEYS[5]  removals  SET
-- ARGV[1]  subscription
-- ARGV[2]  milliseconds for which whoever removes counts as alive from now on
-- ARGV[3]  when it began, if it goes on; else ''
-- ARGV[4]  `asks` at first, `waits` while it waits for replicas that do not answer, `waited` when it has
-- result   {`begun`, when it began}, {`alive`, how many replicas are, milliseconds after which none is, if they died},
--          {`busy`, for how many milliseconds another removal counts as alive yet}, {`silent`} if it is to wait, or
--          {`lost`} if another took over

-- include since
-- include alive

local now = clock_ms()
local began, until_ms = unpack(redis.call('HMGET', KEYS[2], 'began', 'until'))

local function begin()
  if began and tonumber(until_ms) > now then return {'busy', until_ms - now} end
  local alive, heard = alive_of(KEYS[1], now)
  if alive > 0 then
    local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
    return {'alive', alive, math.max(1, last - now)}
  end
  -- Of a removal that has begun that was known.
  local is_silent = not began and redis.call('ZCARD', KEYS[1]) > (heard and 1 or 0)
  if is_silent and ARGV[4] == 'asks' then redis.call('SPUBLISH', KEYS[4], 'state:' .. ARGV[1]) end
  if is_silent and ARGV[4] ~= 'waited' then return {'silent'} end
  local before = math.max(heard or 0, redis.call('ZSCORE', KEYS[3], ARGV[1]) or 0)
  began = string.format('%.0f', math.max(now, before + 1))
end

if ARGV[3] ~= '' then
  if began ~= ARGV[3] then return {'lost'} end
else
  local refused = begin()
  if refused then return refused end
end
redis.call('HSET', KEYS[2], 'began', began, 'until', string.format('%.0f', now + ARGV[2]))
redis.call('ZADD', KEYS[3], began, ARGV[1])
redis.call('SADD', KEYS[5], ARGV[1])
return {'begun', began}
