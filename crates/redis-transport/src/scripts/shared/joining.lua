-- A subscription that joins in portions has groups before it has a record that takes their lanes. Each of them is marked
-- until that record is there. Whoever joins counts as alive for so long after a portion: what has a mark that is older was
-- left behind by one that died, and is undone.
local JOINING_MS = 20000

-- What is to be done to undo it: `stay` if the group was there before, else how many entries had ever been added when the
-- subscription came back, '' if it was new.
local function mark_joining(starts, field, now, undo)
  redis.call('HSET', starts, field .. '\njoining', string.format('%.0f ', now + JOINING_MS) .. undo)
end

-- What a mark says: whether who made it counts as alive, and how to undo it.
local function read_joining(mark, now)
  local until_ms, undo = string.match(mark, '^(%d+) (.*)$')
  return (tonumber(until_ms) or 0) > now, undo or 'stay'
end

-- Takes back what was made under a mark; answers whether the group went.
local function undo_joining(stream, group, starts, field, undo)
  redis.call('HDEL', starts, field .. '\njoining')
  if undo == 'stay' then return false end
  redis.pcall('XGROUP', 'DESTROY', stream, group)
  if undo == '' then
    redis.call('HDEL', starts, field, field .. '\nadded', field .. '\nleft', field .. '\nmark', field .. '\ndrops',
      field .. '\ndropped')
  else
    redis.call('HDEL', starts, field .. '\nmark')
    redis.call('HSET', starts, field .. '\nleft', undo)
  end
  return true
end
