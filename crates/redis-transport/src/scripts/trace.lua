#!lua
-- Takes note of what events were caused by, under their correlations.
--
-- KEYS[k]  trace  HASH  the k-th correlation
-- ARGV[1]  seconds that an event is remembered
-- ARGV[2]  how many events of one correlation are taken note of
-- ARGV[3+] for each event, at most 500: k, 16 bytes of its id, `<its cause, or nothing>:<its type>`
-- result   how many were noted

local noted, most = 0, tonumber(ARGV[2])
for at = 3, #ARGV, 3 do
  local key = KEYS[tonumber(ARGV[at])]
  if redis.call('HLEN', key) < most then noted = noted + redis.call('HSETNX', key, ARGV[at + 1], ARGV[at + 2]) end
end
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[1]) end
return noted
