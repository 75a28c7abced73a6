#!lua flags=no-writes
-- Looks for an event among the retries and dead letters of some subscriptions, at most 100.
--
-- KEYS[4i-3]  exceptions  HASH    of the i-th subscription
-- KEYS[4i-2]  waiting     HASH    of the i-th subscription
-- KEYS[4i-1]  retry       STREAM  of the i-th subscription
-- KEYS[4i]    letters     HASH    of the i-th subscription
-- ARGV[1]     member: 16 bytes of the event's id, then its tenant
-- result      {} if none of them has it, else {i, `retries` or `letters`, name of its lane, its envelope}

local member = ARGV[1]

-- What can't be read is not found.
local function unpacked(key, lane, envelope)
  local packed = redis.call('HGET', key, member)
  if not packed then return nil end
  local is_read, parts = pcall(cmsgpack.unpack, packed)
  if not is_read or type(parts) ~= 'table' then return nil end
  if type(parts[lane]) ~= 'string' or type(parts[envelope]) ~= 'string' then return nil end
  return parts[lane], parts[envelope]
end

local function due(retry, exception)
  local at = string.match(exception, '^retrying:%d+:(%d+%-%d+)$')
  local entry = at and redis.call('XRANGE', retry, at, at)[1]
  if not entry then return nil end
  local fields = {}
  for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
  if fields.m == member then return fields.l or '', fields.e or '' end
end

for i = 1, #KEYS / 4 do
  local exception = redis.call('HGET', KEYS[4 * i - 3], member)
  if exception then
    local lane, envelope = unpacked(KEYS[4 * i - 2], 3, 5)
    if not lane then lane, envelope = due(KEYS[4 * i - 1], exception) end
    if lane then return {i, 'retries', lane, envelope} end
    lane, envelope = unpacked(KEYS[4 * i], 6, 7)
    if lane then return {i, 'letters', lane, envelope} end
  end
end
return {}
