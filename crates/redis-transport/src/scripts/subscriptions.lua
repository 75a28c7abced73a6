#!lua flags=no-writes
-- Names the subscriptions of the bus, and those that are being removed, in no order. Reads only.
--
-- KEYS[1]  subs      HASH
-- KEYS[2]  removals  SET
-- ARGV     none
-- result   {the time in milliseconds, as text, the names and `~version`, the names of those that are being removed}

-- include since

return {string.format('%.0f', clock_ms()), redis.call('HKEYS', KEYS[1]), redis.call('SMEMBERS', KEYS[2])}
