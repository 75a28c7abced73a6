#!lua flags=no-writes
-- Tells how far a subscription has read some lanes of one partition. Reads only.
--
-- KEYS[1]   starts  HASH  `<subscription>\n<lane number>\nadded`: entries ever added to the lane when it began there;
--                         with `\nleft`: when it left; with `\ndropped`: how many
--                         a limit of the lane took from it
-- KEYS[1+i] lane    STREAM, at most 20
-- ARGV[1]   subscription
-- ARGV[1+i] number of the lane
-- result    {added since the subscription began, not handed out yet, handed out and not settled, of these handed back,
--           dropped}, over all the lanes in which it has a group

local group = ARGV[1]

local function fields(flat)
  local named = {}
  for i = 1, #flat, 2 do named[flat[i]] = flat[i + 1] end
  return named
end

local function position(lane)
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

local function released(lane, at)
  if at.pending == 0 then return 0 end
  for _, owner in ipairs(redis.call('XPENDING', lane, group)[4] or {}) do
    if owner[1] == '~released' then return tonumber(owner[2]) end
  end
  return 0
end

local sum = {0, 0, 0, 0, 0}
for i = 2, #KEYS do
  local at = position(KEYS[i])
  local mark = group .. '\n' .. ARGV[i]
  local from = tonumber(redis.call('HGET', KEYS[1], mark .. '\nadded')) or 0
  sum[5] = sum[5] + (tonumber(redis.call('HGET', KEYS[1], mark .. '\ndropped')) or 0)
  if not at then
    sum[1] = sum[1] + (tonumber(redis.call('HGET', KEYS[1], mark .. '\nleft')) or from) - from
  else
    local stream = fields(redis.call('XINFO', 'STREAM', KEYS[i]))
    -- Less only if the lane was deleted by a stranger.
    sum[1] = sum[1] + math.max(0, stream['entries-added'] - from)
    sum[2] = sum[2] + unread(KEYS[i], stream, at)
    sum[3] = sum[3] + at.pending
    sum[4] = sum[4] + released(KEYS[i], at)
  end
end
return sum
