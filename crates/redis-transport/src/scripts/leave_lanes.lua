#!lua flags=allow-oom
-- Leaves the lanes of one partition that a subscription takes no more, as far as it has settled them.
--
-- KEYS[1]    lanes  HASH
-- KEYS[2]    subs   HASH
-- KEYS[3]    starts HASH
-- KEYS[3+l]  the l-th lane, at most 100  STREAM
-- ARGV[1]    subscription
-- ARGV[2]    its record, which does not take these lanes
-- ARGV[2+l]  name of the l-th lane
-- result     each l of a lane that is not settled; nil if another record holds by now

local group = ARGV[1]

if redis.call('HGET', KEYS[2], group) ~= ARGV[2] then return nil end

-- include since
-- include after
-- include leave
-- include joining

local now = clock_ms()

-- What is being joined by a newer deploy is left alone: only what was read there before may be read on.
local function is_kept(stream, number)
  if redis.pcall('XPENDING', stream, group).err then return false end
  local field = group .. '\n' .. number
  local mark = redis.call('HGET', KEYS[3], field .. '\njoining')
  if mark then
    local is_alive, undo = read_joining(mark, now)
    if is_alive then return undo == 'stay' end
    if undo_joining(stream, group, KEYS[3], field, undo) then return false end
  end
  return not leave(stream, group, KEYS[3], number)
end

local kept = {}
local numbers = redis.call('HMGET', KEYS[1], unpack(ARGV, 3))
for l = 1, #KEYS - 3 do
  if numbers[l] and is_kept(KEYS[3 + l], numbers[l]) then kept[#kept + 1] = l end
end
return kept
