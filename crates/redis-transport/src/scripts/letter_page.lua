#!lua flags=no-writes
-- Lists, or counts, dead letters of a subscription in one partition: the oldest first, of one time by member.
--
-- KEYS[1]  dead     ZSET  member → when it died, in ms
-- KEYS[2]  letters  HASH  member → letter
-- ARGV[1]  the most letters to list; 0 to count only
-- ARGV[2]  the most letters to look at
-- ARGV[3]  the tenant whose letters are wanted; empty for all
-- ARGV[4]  where to begin: `first`, `from` the time in ARGV[5], `past` that time, or `after` the member in ARGV[6] there
-- ARGV[5]  time in ms
-- ARGV[6]  member
-- result   {how many were found, 1 if there are more to look at, time and member of the last one looked at,
--          then time, member and bytes of each letter listed}

local most, scan, tenant = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

-- As the sorted set does: `<` on strings goes by the server's locale.
local function is_after(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x > y end
  end
  return #a > #b
end

-- The member itself may be gone since the page before, so its place is searched by halves: 20 steps for a million.
local function rank_after(low, high, member)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_after(redis.call('ZRANGE', KEYS[1], middle, middle)[1], member) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local function begin()
  if ARGV[4] == 'first' then return 0 end
  local before = redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. ARGV[5])
  if ARGV[4] == 'from' then return before end
  local until_end = redis.call('ZCOUNT', KEYS[1], '-inf', ARGV[5])
  if ARGV[4] == 'past' then return until_end end
  return rank_after(before, until_end, ARGV[6])
end

local rank = begin()
local range = redis.call('ZRANGE', KEYS[1], rank, rank + scan - 1, 'WITHSCORES')
local found, looked, result = 0, 0, {0, 0, '0', ''}
for i = 1, #range, 2 do
  local member, died = range[i], range[i + 1]
  looked = looked + 1
  result[3], result[4] = died, member
  if tenant == '' or string.sub(member, 17) == tenant then
    found = found + 1
    if most > 0 then
      local at = #result
      result[at + 1], result[at + 2] = died, member
      result[at + 3] = redis.call('HSTRLEN', KEYS[2], member)
    end
    if found == most then break end
  end
end
result[1] = found
if rank + looked < redis.call('ZCARD', KEYS[1]) then result[2] = 1 end
return result
