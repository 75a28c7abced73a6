local function facts_of(stream)
  local facts = {['last-generated-id'] = '0-0', ['entries-added'] = 0}
  local info = redis.pcall('XINFO', 'STREAM', stream)
  if info.err then return facts end
  for at = 1, #info, 2 do facts[info[at]] = info[at + 1] end
  return facts
end

local function group_of(stream, name)
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return nil end
  for _, info in ipairs(groups) do
    local group = {}
    for at = 1, #info, 2 do group[info[at]] = info[at + 1] end
    if group.name == name then return group end
  end
end

-- Ends a subscription's stay on a lane that it takes no more, once it has settled all that was there. False while it
-- has not.
local function leave(stream, name, starts, number)
  -- Cheaper than to look at all groups, of which it is seldom one.
  if redis.pcall('XPENDING', stream, name).err then return true end
  local group, facts = group_of(stream, name), facts_of(stream)
  if not group then return true end
  if group.pending > 0 or is_after(facts['last-generated-id'], group['last-delivered-id']) then return false end
  local field = name .. '\n' .. number
  -- Before its time nothing there was its own.
  if is_after(group['last-delivered-id'], facts['last-generated-id']) then
    redis.call('HSET', starts, field .. '\nadded', facts['entries-added'])
  end
  redis.call('HSET', starts, field .. '\nleft', facts['entries-added'])
  redis.call('XGROUP', 'DESTROY', stream, name)
  return true
end
