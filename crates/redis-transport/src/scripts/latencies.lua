#!lua flags=allow-oom
-- Adds how long deliveries took in a process, unless the subscription was removed meanwhile. Allowed when memory is full,
-- for it only raises numbers of a hash that has an end, and a full server is when they are looked at. All or nothing: a
-- key that is another's is met before anything is written.
--
-- KEYS[1]  latencies  HASH
-- KEYS[2]  subs       HASH
-- KEYS[3]  tenants    SET
-- ARGV[1]  subscription
-- ARGV[2]  the tenant that is counted apart, '' for all
-- ARGV[2i+1..2i+2]  field and what to add, at most 1,000 pairs
-- result   how many fields were raised; -1 if the subscription is not registered

if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 then return -1 end
redis.call('HLEN', KEYS[1])
if ARGV[2] ~= '' then redis.call('SADD', KEYS[3], ARGV[2]) end
for pair = 3, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[pair], ARGV[pair + 1])
end
return (#ARGV - 2) / 2
