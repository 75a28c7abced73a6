#!lua flags=no-writes
-- Counts entries of a lane, at most 1,000 a call.
--
-- KEYS[1]  lane  STREAM
-- ARGV[1]  where to begin, as XRANGE takes it
-- result   {how many, where to go on or ''}

local counted, from = 0, ARGV[1]
for _ = 1, 10 do
  local page = redis.call('XRANGE', KEYS[1], from, '+', 'COUNT', 100)
  counted = counted + #page
  if #page < 100 then return {counted, ''} end
  from = '(' .. page[100][1]
end
return {counted, from}
