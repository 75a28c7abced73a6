#!lua flags=allow-oom
-- Adds how long deliveries took in a process. Allowed when memory is full, for it only raises numbers of a hash that
-- has an end, and a full server is when they are looked at.
--
-- KEYS[1]       latencies  HASH
-- ARGV[2i-1..2i]  field and what to add, at most 1,000 pairs
-- result        how many fields were raised

for pair = 1, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[pair], ARGV[pair + 1])
end
return #ARGV / 2
