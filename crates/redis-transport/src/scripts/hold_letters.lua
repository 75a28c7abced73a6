#!lua flags=allow-oom
-- Keeps dead letters for one job: takes them or renews, unless another has them. Holds that have ended go.
--
-- KEYS[1]  holds  HASH
-- ARGV[1]  who asks
-- ARGV[2]  milliseconds
-- ARGV[3]  whose letters: a tenant, or `~all`
-- result   0 if they are the asker's now, else for how many milliseconds another has them yet

-- include since
-- include holds

local now = clock_ms()
local left = 0
for whose, hold in pairs(holds_of(KEYS[1])) do
  if hold.until_ms <= now then
    redis.call('HDEL', KEYS[1], whose)
  elseif whose == ARGV[3] and hold.holder ~= ARGV[1] then
    left = hold.until_ms - now
  end
end
if left > 0 then return left end
redis.call('HSET', KEYS[1], ARGV[3], string.format('%.0f', now + ARGV[2]) .. ' ' .. ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2], 'NX')
redis.call('PEXPIRE', KEYS[1], ARGV[2], 'GT')
return 0
