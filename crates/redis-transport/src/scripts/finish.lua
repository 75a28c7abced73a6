#!lua flags=allow-oom
-- Ends retried deliveries that succeeded: what is not pending any more was ended by someone else, and is left alone.
--
-- KEYS[1]   retry       STREAM
-- KEYS[2]   exceptions  HASH
-- KEYS[3]   removed     ZSET
-- KEYS[4]   finished    ZSET    for those who ask not to be given again what they have finished
-- ARGV[1]   subscription
-- ARGV[2]   milliseconds for which it is to be known what is finished; nothing is noted where the subscription was removed
--           since the one who ends them began
-- ARGV[3]   since when that has been a replica
-- ARGV[4+]  for each delivery, at most 100: entry, 16 bytes of its event's id and its tenant, 1 if that is finished
-- result    for each delivery 1, or 0 if it was ended before

-- include note
-- include removed

if KEYS[4] and not is_removed(KEYS[3], ARGV[1], ARGV[3]) then
  local members = {}
  for at = 4, #ARGV, 3 do
    if ARGV[at + 2] == '1' then members[#members + 1] = ARGV[at + 1] end
  end
  note_finished(KEYS[4], ARGV[2], members)
end

local done = {}
for at = 4, #ARGV, 3 do
  local ended = redis.call('XACK', KEYS[1], ARGV[1], ARGV[at])
  if ended == 1 then
    redis.call('XDEL', KEYS[1], ARGV[at])
    redis.call('HDEL', KEYS[2], ARGV[at + 1])
  end
  done[#done + 1] = ended
end
return done
