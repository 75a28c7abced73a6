#!lua flags=allow-oom
-- Deletes dead letters for good, and counts them. Their events stay failed, as after an expiry.
--
-- KEYS[1]  dead        ZSET
-- KEYS[2]  letters     HASH
-- KEYS[3]  exceptions  HASH
-- KEYS[4]  books       HASH
-- KEYS[5]  gone        ZSET
-- ARGV[i]  the i-th member, at most 100
-- result   how many of them were there

-- include held
-- include expire

local there, seen = {}, {}
for _, member in ipairs(ARGV) do
  if not seen[member] and redis.call('ZSCORE', KEYS[1], member) then there[#there + 1] = member end
  seen[member] = true
end
return let_go(there, 'purged', now_ms())
