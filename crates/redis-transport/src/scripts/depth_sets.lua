#!lua flags=no-writes
-- Tells how much waits for a subscription's next attempts, how much is dead, and how much of the partition waits for its
-- time, and of whom. Reads only. Where a set has more than 100 events it looks at 100 of them, one at random in each
-- hundredth; of each set at 1 MiB, give or take one event. Of what waits for its time the first 500 are looked at as well,
-- for being past it: what should have left and did not, or was put off.
--
-- KEYS[1]  due      ZSET
-- KEYS[2]  waiting  HASH
-- KEYS[3]  dead     ZSET
-- KEYS[4]  letters  HASH
-- KEYS[5]  later    ZSET
-- KEYS[6]  events   HASH     with a line feed behind an event that was put off: when it was first due
-- ARGV     none
-- result   for due, dead and later each {how many there are, how many were looked at, milliseconds that the oldest that is
--          due waits or -1, then for each lane and tenant: name of the lane (empty if it can't be read), tenant (empty if
--          there is none), how many were seen, milliseconds that its oldest waits or -1}

local MOST, MOST_BYTES = 100, 1048576
-- What could not be published is put off for so long.
local AGAIN_MS, MOST_LATE = 60000, 500

-- include late

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function part(at)
  return function(packed)
    local is_read, parts = pcall(cmsgpack.unpack, packed)
    local lane = is_read and type(parts) == 'table' and parts[at]
    return type(lane) == 'string' and lane or ''
  end
end

local function before_line(stored)
  return string.match(stored, '^([^\n]*)\n') or ''
end

local function age_of(score)
  local age = now - (tonumber(score) or now)
  return age >= 0 and age or -1
end

local function cell_of(cells, lane, tenant)
  local key = lane .. '\n' .. tenant
  cells[key] = cells[key] or {lane, tenant, 0, -1}
  return cells[key]
end

-- Notes how late those are that should have left, whoever takes them; answers how late the latest is.
local function note_late(cells, set, hash, lane_of)
  local bytes, latest = 0, -1
  local found = redis.call('ZRANGEBYSCORE', set, '-inf', now + AGAIN_MS, 'WITHSCORES', 'LIMIT', 0, MOST_LATE)
  for at = 1, #found, 2 do
    if bytes >= MOST_BYTES then break end
    local member = found[at]
    local age = age_of(redis.call('HGET', hash, late_field(member)) or found[at + 1])
    if age >= 0 then
      local stored = redis.call('HGET', hash, member) or ''
      local cell = cell_of(cells, lane_of(stored), string.sub(member, 17))
      cell[4], bytes, latest = math.max(cell[4], age), bytes + #stored, math.max(latest, age)
    end
  end
  return latest
end

local function look_at(set, hash, lane_of, is_late)
  local count = redis.call('ZCARD', set)
  local cells, seen, bytes = {}, 0, 0
  local late = is_late and note_late(cells, set, hash, lane_of) or -1
  local most = math.min(count, MOST)
  for i = 0, most - 1 do
    if bytes >= MOST_BYTES then break end
    local rank = math.floor((i + (most < count and math.random() or 0)) * count / most)
    local found = redis.call('ZRANGE', set, rank, rank, 'WITHSCORES')
    local stored = redis.call('HGET', hash, found[1]) or ''
    local cell = cell_of(cells, lane_of(stored), string.sub(found[1], 17))
    cell[3], cell[4] = cell[3] + 1, math.max(cell[4], age_of(found[2]))
    seen, bytes = seen + 1, bytes + #stored
  end
  local head = redis.call('ZRANGE', set, 0, 0, 'WITHSCORES')[2]
  local result = {count, seen, math.max(late, head and age_of(head) or -1)}
  for _, cell in pairs(cells) do
    for _, value in ipairs(cell) do result[#result + 1] = value end
  end
  return result
end

return {
  look_at(KEYS[1], KEYS[2], part(3)),
  look_at(KEYS[3], KEYS[4], part(6)),
  look_at(KEYS[5], KEYS[6], before_line, true),
}
