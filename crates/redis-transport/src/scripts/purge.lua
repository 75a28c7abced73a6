#!lua flags=allow-oom
-- Deletes dead letters for good, and counts them. Their events stay failed, as after an expiry.
--
-- KEYS[1]  dead        ZSET
-- KEYS[2]  letters     HASH
-- KEYS[3]  exceptions  HASH
-- KEYS[4]  books       HASH
-- KEYS[5]  gone        ZSET
-- ARGV     for each letter, at most 100: its member, and when it died in ms; empty for whenever that was
-- result   how many of them were there

-- include held
-- include expire

local there, seen = {}, {}
for i = 1, #ARGV, 2 do
  local member, meant = ARGV[i], ARGV[i + 1]
  local died = not seen[member] and redis.call('ZSCORE', KEYS[1], member)
  if died and (meant == '' or tonumber(died) == tonumber(meant)) then
    there[#there + 1] = member
    seen[member] = true
  end
end
return let_go(there, 'purged', now_ms())
