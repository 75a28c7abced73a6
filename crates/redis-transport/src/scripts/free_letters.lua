#!lua flags=allow-oom
-- Ends what `hold_letters` began, if it is the asker's still.
--
-- KEYS[1]  hold  STRING  who has them
-- ARGV[1]  who asks
-- result   1 if it was, else 0

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
