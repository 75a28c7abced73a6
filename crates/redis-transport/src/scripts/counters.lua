#!lua flags=allow-oom
-- Adds what a process has counted. Allowed when memory is full, for it only raises numbers of hashes that are as many
-- as there are tenants, and a full server is when they are looked at. All or nothing: a key that is another's is met
-- before anything is written.
--
-- KEYS[i]          counters  HASH, at most 101
-- ARGV[8i-7..8i]  for the i-th key: published, handled, failed, retried, dead_lettered, filtered, handling_micros, updated
-- result           how many keys were changed

local names = {'published', 'handled', 'failed', 'retried', 'dead_lettered', 'filtered', 'handling_micros'}

local known = {}
for key = 1, #KEYS do known[key] = tonumber(redis.call('HGET', KEYS[key], 'updated')) or 0 end

for key = 1, #KEYS do
  local first = (key - 1) * 8
  for field, name in ipairs(names) do
    local value = ARGV[first + field]
    if value ~= '0' then redis.call('HINCRBY', KEYS[key], name, value) end
  end
  local updated = ARGV[first + 8]
  if tonumber(updated) > known[key] then redis.call('HSET', KEYS[key], 'updated', updated) end
end
return #KEYS
