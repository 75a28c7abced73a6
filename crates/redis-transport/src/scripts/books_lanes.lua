#!lua flags=no-writes
-- Tells how far a subscription has read some lanes of one partition. Reads only.
--
-- KEYS[1]   starts  HASH  `<subscription>\n<lane number>\nadded`: entries ever added to the lane when it began there;
--                         with `\nleft`: when it left; with `\ndropped`: how many
--                         a limit of the lane took from it; with `\njoining`: a joiner has made the group, and may
--                         have died, or come to the end: until then it has none
-- KEYS[1+i] lane    STREAM, at most 20
-- ARGV[1]   subscription
-- ARGV[1+i] number of the lane
-- result    {added since the subscription began, not handed out yet, handed out and not settled, of these handed back,
--           dropped}, over all the lanes in which it has a group

local group = ARGV[1]

-- include start
-- include position

local function released(lane, at)
  if at.pending == 0 then return 0 end
  for _, owner in ipairs(redis.call('XPENDING', lane, group)[4] or {}) do
    if owner[1] == '~released' then return tonumber(owner[2]) end
  end
  return 0
end

local sum = {0, 0, 0, 0, 0}
for i = 2, #KEYS do
  local at = position(KEYS[i], group)
  local mark = group .. '\n' .. ARGV[i]
  local from = tonumber(redis.call('HGET', KEYS[1], mark .. '\nadded')) or 0
  sum[5] = sum[5] + (tonumber(redis.call('HGET', KEYS[1], mark .. '\ndropped')) or 0)
  local joining = redis.call('HGET', KEYS[1], mark .. '\njoining')
  local undo = joining and string.match(joining, ' (.*)$')
  if not at or joining and undo ~= 'stay' then
    local left = joining and undo or redis.call('HGET', KEYS[1], mark .. '\nleft')
    sum[1] = sum[1] + (tonumber(left or nil) or from) - from
  else
    local stream = fields(redis.call('XINFO', 'STREAM', KEYS[i]))
    local waiting = unread(KEYS[i], stream, at)
    -- Of one whose time has come, or is to come, nothing was read yet: what lies before it is not counted.
    local start = redis.call('HMGET', KEYS[1], mark, mark .. '\nadded')
    if not start[2] and string.sub(start[1] or '', -#NEVER) == NEVER then from = stream['entries-added'] - waiting end
    -- Less only if the lane was deleted by a stranger.
    sum[1] = sum[1] + math.max(0, stream['entries-added'] - from)
    sum[2] = sum[2] + waiting
    sum[3] = sum[3] + at.pending
    sum[4] = sum[4] + released(KEYS[i], at)
  end
end
return sum
