#!lua flags=no-writes
-- Reads records of what operators did, the newest first.
--
-- KEYS[1]  order    ZSET
-- KEYS[2]  actions  HASH
-- ARGV[1]  before which place, as a bound of ZRANGE by names
-- ARGV[2]  how many at most, 1,000 or fewer
-- result   for each its place, and its record, empty if that is lost

local places = redis.call('ZRANGE', KEYS[1], ARGV[1], '-', 'BYLEX', 'REV', 'LIMIT', '0', ARGV[2])
if #places == 0 then return {} end
local ids, answer = {}, {}
for i, place in ipairs(places) do ids[i] = string.sub(place, 15) end
for i, record in ipairs(redis.call('HMGET', KEYS[2], unpack(ids))) do
  answer[2 * i - 1], answer[2 * i] = places[i], record or ''
end
return answer
