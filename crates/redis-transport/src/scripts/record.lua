#!lua flags=allow-oom
-- Keeps a record of what an operator does: a new one, or what is new of one that is known and has not ended; the oldest
-- go. Though memory is full, for it is little, and some of these actions make room.
--
-- KEYS[1]  order    ZSET  `<began, in ms, of 13 digits>-<id>`, all of score 0
-- KEYS[2]  actions  HASH  id → `<began, in ms> <ended, in ms, or 0>`, a line feed, the action
-- ARGV[1]  id
-- ARGV[2]  1 if the action has ended, else 0
-- ARGV[3]  the action
-- ARGV[4]  how many records are kept
-- result   how many there are

local id, has_ended = ARGV[1], ARGV[2] == '1'
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

local began, ended = string.match(redis.call('HGET', KEYS[2], id) or '', '^(%d+) (%d+)\n')
if began and ended ~= '0' then return redis.call('ZCARD', KEYS[1]) end
if not began then
  began, ended = now, '0'
  redis.call('ZADD', KEYS[1], 0, string.format('%013.0f-', tonumber(now)) .. id)
end
if has_ended then ended = now end
redis.call('HSET', KEYS[2], id, began .. ' ' .. ended .. '\n' .. ARGV[3])

local count = redis.call('ZCARD', KEYS[1])
local over = math.min(count - tonumber(ARGV[4]), 100)
if over <= 0 then return count end
local popped = redis.call('ZPOPMIN', KEYS[1], over)
for i = 1, #popped, 2 do redis.call('HDEL', KEYS[2], string.sub(popped[i], 15)) end
return count - over
