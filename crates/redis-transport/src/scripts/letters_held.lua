#!lua flags=no-writes
-- Tells for how long any dead letters of a subscription are kept for a job in one partition. Reads only.
--
-- KEYS[1]  holds  HASH
-- ARGV     none
-- result   milliseconds, 0 if none are

-- include since
-- include holds

local now, longest = clock_ms(), 0
for _, hold in pairs(holds_of(KEYS[1])) do longest = math.max(longest, hold.until_ms - now) end
return longest
