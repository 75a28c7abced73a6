#!lua flags=allow-oom
-- Notes which events a subscription has finished, and forgets some of those whose time is over.
--
-- KEYS[1]   finished  ZSET
-- ARGV[1]   milliseconds for which it is to be known
-- ARGV[2+]  for each event, at most 500: 16 bytes of its id and its tenant
-- result    OK

local MOST, MOST_FORGOTTEN = 1000000, 1000

local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local until_ms = string.format('%.0f', now_ms + ARGV[1])
for at = 2, #ARGV do redis.call('ZADD', KEYS[1], until_ms, ARGV[at]) end

local over = redis.call('ZCOUNT', KEYS[1], '-inf', now_ms)
if over > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, math.min(over, MOST_FORGOTTEN) - 1) end
local excess = redis.call('ZCARD', KEYS[1]) - MOST
if excess > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, math.min(excess, MOST_FORGOTTEN) - 1) end
-- With nobody who finishes anything, all of it goes by itself.
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'NX')
redis.call('PEXPIRE', KEYS[1], ARGV[1], 'GT')
return redis.status_reply('OK')
