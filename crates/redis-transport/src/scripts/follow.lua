#!lua flags=allow-oom
-- Says that somebody follows the lanes of a partition, without a group: for a while what is new is not trimmed.
--
-- KEYS[1]  starts  HASH, whose field `~followed` says until when, in milliseconds
-- ARGV[1]  milliseconds for which that holds
-- result   OK

local now = redis.call('TIME')
redis.call('HSET', KEYS[1], '~followed', string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[1]))
return redis.status_reply('OK')
