#!lua flags=allow-oom
-- Cuts the index of ids anew, for ids from a time to come: so two publishers of whom one has yet to read the change never
-- look for one id in two places.
--
-- KEYS[1]  lanes  HASH
-- ARGV[1]  version that the change was thought out for
-- ARGV[2]  milliseconds of ids that shall share a bucket
-- ARGV[3]  milliseconds from now on until it holds
-- ARGV[4]  milliseconds that an id is remembered
-- result   1 if it was changed; 0 if it was changed by another, or a change is still to come, or there are too many

local stored = redis.call('HMGET', KEYS[1], '~layout', '~slices')
if stored[1] ~= ARGV[1] or not stored[2] then return 0 end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local slices = {}
for from, ms in string.gmatch(stored[2], '(%d+):(%d+)') do slices[#slices + 1] = {tonumber(from), ms} end
if slices[#slices][1] > now then return 0 end
-- What no id can be looked for in any more.
while #slices > 1 and slices[2][1] < now - tonumber(ARGV[4]) do table.remove(slices, 1) end
slices[1][1] = 0
if #slices >= 64 then return 0 end
slices[#slices + 1] = {now + tonumber(ARGV[3]), ARGV[2]}

local texts = {}
for at, slice in ipairs(slices) do texts[at] = string.format('%.0f:%s', slice[1], slice[2]) end
redis.call('HSET', KEYS[1], '~layout', tonumber(ARGV[1]) + 1, '~slices', table.concat(texts, ','))
return 1
