#!lua flags=allow-oom
-- Ends what `hold_letters` began, if it is the asker's still.
--
-- KEYS[1]  holds  HASH
-- ARGV[1]  who asks
-- ARGV[2]  whose letters: a tenant, or `~all`
-- result   1 if it was, else 0

-- include holds

local hold = holds_of(KEYS[1])[ARGV[2]]
if not hold or hold.holder ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[2])
