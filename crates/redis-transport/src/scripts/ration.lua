#!lua flags=allow-oom
-- Gives a replica a share of what the rate limit of its subscription leaves: a bucket that fills evenly and holds a burst.
-- It is written down as the time at which it will be full, so that nothing has to be filled.
--
-- KEYS[1]  state  HASH
-- ARGV[1]  how many are wanted; 0 to give back alone
-- ARGV[2]  how many of those that were given before are given back
-- result   {how many are given, microseconds until it is worth to ask again if none is}

local limit, stored = unpack(redis.call('HMGET', KEYS[1], 'limit', 'full'))
if not limit then return {tonumber(ARGV[1]), 0} end

local events, period, burst = string.match(limit, '^(%d+)/(%d+)/(%d+)$')
local each = period / events
local whole = each * burst
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- Never beyond an empty bucket: neither a clock that was set back nor a slower limit before this one may hold it up.
local before = tonumber(stored or '0')
local full = math.min(math.max(before - ARGV[2] * each, now), now + whole)
local left = math.floor((now + whole - full) / each + 0.001)
local wanted = tonumber(ARGV[1])
local given = math.min(wanted, left)
if given > 0 or full < before then
  redis.call('HSET', KEYS[1], 'full', string.format('%.0f', full + given * each))
end
if given > 0 or wanted == 0 then return {given, 0} end

-- As soon as one can be had; but where they come fast, not for each of them alone.
local function until_there_are(count) return math.ceil(full + count * each - now - whole) end
return {0, math.max(1, until_there_are(1), math.min(50000, until_there_are(math.floor(burst / 2))))}
