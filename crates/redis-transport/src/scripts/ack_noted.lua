#!lua flags=allow-oom
-- Ends deliveries that succeeded, and notes which of their events are finished: first that, for it must not be forgotten.
--
-- KEYS[1]    lane      STREAM
-- KEYS[2]    finished  ZSET
-- ARGV[1]    subscription
-- ARGV[2]    milliseconds for which it is to be known what is finished
-- ARGV[3]    E, how many deliveries, at most 500
-- ARGV[3+e]  entry of the e-th delivery
-- ARGV[4+E..] for each event that is finished: 16 bytes of its id and its tenant
-- result     how many were not ended before

-- include note

local count = tonumber(ARGV[3])
local members = {}
for at = 4 + count, #ARGV do members[#members + 1] = ARGV[at] end
note_finished(KEYS[2], ARGV[2], members)
return redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 4, 3 + count))
