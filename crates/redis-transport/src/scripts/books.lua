#!lua flags=no-writes
-- Tells what of a subscription has left its lanes, in one partition. Reads only.
--
-- KEYS[1]  due    ZSET
-- KEYS[2]  retry  STREAM
-- KEYS[3]  dead   ZSET
-- KEYS[4]  books  HASH
-- ARGV[1]  subscription
-- result   {waiting for a time, in the retry stream, of these handed out and not handed back, dead, expired, dropped to
--          make room for newer letters, purged}

local function handed_out()
  local summary = redis.pcall('XPENDING', KEYS[2], ARGV[1])
  if summary.err or summary[1] == 0 then return 0 end
  local held = summary[1]
  for _, owner in ipairs(summary[4]) do
    if owner[1] == '~released' then held = held - tonumber(owner[2]) end
  end
  return held
end

local counted = redis.call('HMGET', KEYS[4], 'expired', 'dropped', 'purged')
return {
  redis.call('ZCARD', KEYS[1]), redis.call('XLEN', KEYS[2]), handed_out(), redis.call('ZCARD', KEYS[3]),
  tonumber(counted[1]) or 0, tonumber(counted[2]) or 0, tonumber(counted[3]) or 0,
}
