#!lua flags=allow-oom
-- Starts a delivery that was taken over: raises its count and answers its content.
--
-- KEYS[1]  stream
-- KEYS[2]  finished  ZSET  for those who ask not to be given again what they have finished
-- ARGV[1]  subscription
-- ARGV[2]  consumer
-- ARGV[3]  entry
-- ARGV[4]  starts
-- result   nil if it is not the consumer's any more, or gone; else {1 if it was finished before or else 0, its fields}

local group, consumer, entry = ARGV[1], ARGV[2], ARGV[3]

-- include held
-- include guard

local was_finished = KEYS[2] and open_guard(KEYS[2])
if not holds(KEYS[1], group, entry, consumer, ARGV[4]) then return nil end
local claimed = redis.call('XCLAIM', KEYS[1], group, consumer, 0, entry)[1]
if not claimed or not claimed[2] then return nil end
return {was_finished and was_finished(claimed[2]) and 1 or 0, claimed[2]}
