#!lua flags=allow-oom
-- Takes over deliveries whose lease has ended. One consumer of a subscription sweeps a partition at a time, by a token.
-- Counts are left as they are: to be taken over is not to be started. What was handed back is handed out again at once.
--
-- KEYS[1]    sweep  STRING
-- KEYS[1+l]  the l-th stream, at most 20
-- KEYS[2+L]  finished  ZSET  for those who ask not to be given again what they have finished
-- ARGV[1]    subscription
-- ARGV[2]    consumer
-- ARGV[3]    lease in milliseconds
-- ARGV[4]    milliseconds that the token lasts
-- ARGV[5]    how many deliveries may be taken over
-- ARGV[5+l]  where to go on in the l-th of L streams
-- result     nil if another sweeps, else {for each stream where to go on next,
--            for each delivery {l, entry, starts, 1 if it may be handled as it is or 2 if it was finished before, else 0,
--            its fields}}

-- include guard

local stream_count = #ARGV - 5
local was_finished = KEYS[stream_count + 2] and open_guard(KEYS[stream_count + 2])
local group, consumer, lease, left = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])

local owner = redis.call('GET', KEYS[1])
if owner and owner ~= consumer then return nil end
redis.call('SET', KEYS[1], consumer, 'PX', ARGV[4])

-- include claimed

local nexts, taken = {}, {}
for l = 1, stream_count do
  local stream, cursor = KEYS[1 + l], ARGV[5 + l]
  if not is_held(stream) then
    cursor = '0-0'
  elseif left > 0 then
    local claimed = redis.call('XAUTOCLAIM', stream, group, consumer, lease, cursor, 'COUNT', math.min(left, 50), 'JUSTID')
    cursor = claimed[1]
    local before = #taken
    for _, entry in ipairs(claimed[2]) do taken[#taken + 1] = describe(l, stream, entry) end
    left = left - (#taken - before)
  end
  nexts[l] = cursor
end
return {nexts, taken}
