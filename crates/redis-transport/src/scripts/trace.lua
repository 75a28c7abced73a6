#!lua flags=allow-oom
-- Takes note of what events were caused by, under their correlations.
--
-- KEYS[k]  trace  HASH  the k-th correlation
-- ARGV[1]  seconds that the last of them to come is remembered
-- ARGV[2]  how many events of one correlation are taken note of
-- ARGV[3+] for each event, at most 500: k, 16 bytes of its id, `<its cause, or nothing>:<its type>`
-- result   for each event 1 if it is noted now, 0 if it was before, or there is no room

local noted, most = {}, tonumber(ARGV[2])
for at = 3, #ARGV, 3 do
  local key = KEYS[tonumber(ARGV[at])]
  local has_room = redis.call('HLEN', key) < most
  noted[#noted + 1] = has_room and redis.call('HSETNX', key, ARGV[at + 1], ARGV[at + 2]) or 0
end
for _, key in ipairs(KEYS) do
  redis.call('EXPIRE', key, ARGV[1], 'NX')
  redis.call('EXPIRE', key, ARGV[1], 'GT')
end
return noted
