#!lua flags=no-writes
-- Tells which events a subscription has finished before.
--
-- KEYS[1]   finished  ZSET
-- ARGV[1+]  for each event, at most 500: 16 bytes of its id and its tenant
-- result    for each event 1, or 0 if it has not, or too long ago

local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local finished = {}
for at, until_ms in ipairs(redis.call('ZMSCORE', KEYS[1], unpack(ARGV))) do
  finished[at] = until_ms and tonumber(until_ms) > now_ms and 1 or 0
end
return finished
