#!lua flags=no-writes
-- Names the subscriptions of the bus, in no order. Reads only.
--
-- KEYS[1]  subs  HASH
-- ARGV     none
-- result   {the time in milliseconds, as text, then each name, and `~version`}

-- include since

local names = redis.call('HKEYS', KEYS[1])
table.insert(names, 1, string.format('%.0f', clock_ms()))
return names
