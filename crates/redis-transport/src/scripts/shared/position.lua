local function fields(flat)
  local named = {}
  for i = 1, #flat, 2 do named[flat[i]] = flat[i + 1] end
  return named
end

-- Where a subscription is in a lane; nil if it has no group there.
local function position(lane, group)
  local groups = redis.pcall('XINFO', 'GROUPS', lane)
  if groups.err then return nil end
  for _, flat in ipairs(groups) do
    local found = fields(flat)
    if found.name == group then return found end
  end
end

-- Entries that lie after the last one handed out. Only a group whose own count was lost makes it count them, at most
-- 1,000 of them.
local function unread(lane, stream, at)
  if at['last-delivered-id'] == stream['last-generated-id'] then return 0 end
  if at['entries-read'] then return math.min(stream['entries-added'] - at['entries-read'], stream.length) end
  local found, last = 0, at['last-delivered-id']
  while found < 1000 do
    local page = redis.call('XRANGE', lane, '(' .. last, '+', 'COUNT', 20)
    found = found + #page
    if #page < 20 then break end
    last = page[20][1]
  end
  return found
end
