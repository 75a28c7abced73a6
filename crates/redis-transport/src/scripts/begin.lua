#!lua flags=allow-oom
-- Counts what lies before the time at which a subscription begins, in some lanes of one partition, at most 1,000 entries a
-- call; when that is known, its group is made anew with it, and it may read. Nothing is counted before the time has come.
-- What lies behind the group can't be trimmed meanwhile, so it is that which is counted.
--
-- KEYS[1]    starts  HASH
-- KEYS[1+l]  the l-th lane, at most 20  STREAM
-- ARGV[1]    subscription
-- ARGV[2]    the time, in milliseconds
-- ARGV[5l-2..] for the l-th lane: its number, where to go on or '', how many were counted, the last entry to count, how
--            many were ever added until then
-- result     milliseconds until the time has come, or for each lane nil if it has begun, else {where to go on, how many
--            were counted, the last entry to count, how many were ever added until then}

-- include glob
-- include after
-- include leave
-- include since
-- include start

local wait = tonumber(ARGV[2]) - clock_ms()
if wait > 0 then return math.ceil(wait) end

local group, start = ARGV[1], start_of('"start":' .. ARGV[2])
local budget = 1000

local function is_waiting(stream, field)
  -- Cheaper than to look at all groups of each lane.
  if redis.call('HGET', KEYS[1], field) ~= start then return false end
  local held = group_of(stream, group)
  return held and is_uncounted(KEYS[1], field, held, start)
end

local function go_on(stream, field, from, counted, last, added)
  if from == '' then
    local facts = facts_of(stream)
    from, counted, last, added = '(' .. start, 0, facts['last-generated-id'], facts['entries-added']
  end
  if not is_after(last, start) then from = nil end
  while from and budget > 0 do
    local page = redis.call('XRANGE', stream, from, last, 'COUNT', math.min(budget, 100))
    counted, budget = counted + #page, budget - math.max(1, #page)
    from = #page > 0 and page[#page][1] ~= last and '(' .. page[#page][1] or nil
  end
  if from then return {from, counted, last, added} end
  note_counted(stream, group, KEYS[1], field, start, added - counted)
  return false
end

local result = {}
for l = 1, #KEYS - 1 do
  local at, stream = 5 * l - 2, KEYS[1 + l]
  local field = group .. '\n' .. ARGV[at]
  result[l] = false
  if is_waiting(stream, field) then
    if budget > 0 then
      result[l] = go_on(stream, field, ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3], tonumber(ARGV[at + 4]))
    else
      result[l] = {ARGV[at + 1], tonumber(ARGV[at + 2]), ARGV[at + 3], tonumber(ARGV[at + 4])}
    end
  end
end
return result
