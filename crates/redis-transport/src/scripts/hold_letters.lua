#!lua flags=allow-oom
-- Keeps dead letters for one job: takes them or renews, unless another has them.
--
-- KEYS[1]  hold  STRING  who has them
-- ARGV[1]  who asks
-- ARGV[2]  milliseconds
-- result   0 if they are the asker's now, else for how many milliseconds another has them yet

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return math.max(1, redis.call('PTTL', KEYS[1])) end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 0
