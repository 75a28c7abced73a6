#!lua flags=allow-oom
-- Reads what is new for a subscription that is not to be given again what it has finished, and says of each entry whether
-- it has.
--
-- KEYS[1]    finished  ZSET
-- KEYS[1+l]  the l-th stream
-- ARGV[1]    subscription
-- ARGV[2]    consumer
-- ARGV[3]    how many entries of each stream may be read
-- result     as XREADGROUP answers, each entry with 1 behind its fields if it was finished before, else with 0

-- include guard

local was_finished = open_guard(KEYS[1])
local from = {}
for l = 2, #KEYS do from[l - 1] = KEYS[l] end
for _ = 2, #KEYS do from[#from + 1] = '>' end
local read = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[3], 'STREAMS', unpack(from))
if not read then return nil end
for _, stream in ipairs(read) do
  for _, entry in ipairs(stream[2]) do entry[3] = was_finished(entry[2]) and 1 or 0 end
end
return read
