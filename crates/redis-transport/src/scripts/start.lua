#!lua flags=allow-oom
-- Starts a delivery that was taken over: raises its count and answers its content.
--
-- KEYS[1]  stream
-- ARGV[1]  subscription
-- ARGV[2]  consumer
-- ARGV[3]  entry
-- ARGV[4]  starts
-- result   nil if it is not the consumer's any more, or gone; else its fields

local group, consumer, entry = ARGV[1], ARGV[2], ARGV[3]

-- include held

if not holds(KEYS[1], group, entry, consumer, ARGV[4]) then return nil end
local claimed = redis.call('XCLAIM', KEYS[1], group, consumer, 0, entry)[1]
return claimed and claimed[2] or nil
