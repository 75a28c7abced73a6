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

-- How many entries are still counted in this call, where groups have lost their own counts.
local countable = 1000

-- Entries that lie after the last one handed out. Only a group whose own count was lost makes it count them: no more
-- than all lanes of a call may take together, but a page of each.
local function unread(lane, stream, at)
  if at['last-delivered-id'] == stream['last-generated-id'] then return 0 end
  if at['entries-read'] then return math.min(stream['entries-added'] - at['entries-read'], stream.length) end
  local found, last = 0, at['last-delivered-id']
  repeat
    local page = redis.call('XRANGE', lane, '(' .. last, '+', 'COUNT', 20)
    found = found + #page
    countable = countable - #page
    last = #page == 20 and page[20][1]
  until not last or countable <= 0
  return found
end
