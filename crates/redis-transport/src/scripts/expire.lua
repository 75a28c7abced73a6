#!lua flags=allow-oom
-- Lets go of dead letters that are too old or too many, at most 100 of each, and counts them.
--
-- KEYS[1]  dead        ZSET
-- KEYS[2]  letters     HASH
-- KEYS[3]  exceptions  HASH
-- KEYS[4]  books       HASH
-- KEYS[5]  gone        ZSET
-- ARGV[1]  milliseconds that a letter is kept
-- ARGV[2]  how many letters are kept
-- ARGV[3]  milliseconds that it is known of letters let go of that they were
-- result   how many were let go of

-- include held
-- include expire

return expire(now_ms(), tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]))
