#!lua flags=allow-oom
-- Ends deliveries that succeeded, and notes which of their events are finished: first that, for it must not be forgotten.
-- Where the subscription was removed since, nothing: who began anew has finished none of them.
--
-- KEYS[1]    lane      STREAM
-- KEYS[2]    finished  ZSET
-- KEYS[3]    removed   ZSET
-- ARGV[1]    subscription
-- ARGV[2]    milliseconds for which it is to be known what is finished
-- ARGV[3]    since when the one who ends them has been a replica
-- ARGV[4]    E, how many deliveries, at most 500
-- ARGV[4+e]  entry of the e-th delivery
-- ARGV[5+E..] for each event that is finished: 16 bytes of its id and its tenant
-- result     how many were not ended before

-- include note
-- include removed

if is_removed(KEYS[3], ARGV[1], ARGV[3]) then return 0 end

local count = tonumber(ARGV[4])
local members = {}
for at = 5 + count, #ARGV do members[#members + 1] = ARGV[at] end
note_finished(KEYS[2], ARGV[2], members)
return redis.call('XACK', KEYS[1], ARGV[1], unpack(ARGV, 5, 4 + count))
