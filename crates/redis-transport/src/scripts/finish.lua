#!lua flags=allow-oom
-- Ends retried deliveries that succeeded: what is not pending any more was ended by someone else, and is left alone.
--
-- KEYS[1]   retry       STREAM
-- KEYS[2]   exceptions  HASH
-- ARGV[1]   subscription
-- ARGV[2+]  for each delivery, at most 100: entry, then 16 bytes of its event's id and its tenant
-- result    for each delivery 1, or 0 if it was ended before

local done = {}
for at = 2, #ARGV, 2 do
  local ended = redis.call('XACK', KEYS[1], ARGV[1], ARGV[at])
  if ended == 1 then
    redis.call('XDEL', KEYS[1], ARGV[at])
    redis.call('HDEL', KEYS[2], ARGV[at + 1])
  end
  done[#done + 1] = ended
end
return done
