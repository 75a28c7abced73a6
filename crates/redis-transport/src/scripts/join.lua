#!lua flags=allow-oom
-- Registers a subscription in one partition and gives it a group on each lane that it takes: from now on no event that
-- it takes passes it by. Where there are many lanes they are joined in portions, and the record is written by the last of
-- them: until then each group is marked, so that of a joiner that dies nothing stays.
-- The first partition decides which lists hold; in the others its record is written, unless there is a newer one.
--
-- KEYS[1]    lanes   HASH
-- KEYS[2]    subs    HASH
-- KEYS[3]    starts  HASH
-- KEYS[4]    retry   STREAM
-- KEYS[5]    removed ZSET
-- KEYS[5+l]  the l-th lane of those that the subscription takes, at most 100  STREAM
-- ARGV[1]    version of the lanes that these and those joined before were chosen from; '' if more are to come
-- ARGV[2]    subscription
-- ARGV[3]    its record; to be decided on, only its lists: `{"patterns":[..],"tenants":[..]`
-- ARGV[4]    the revision that is declared, where it is to be decided; else ''
-- ARGV[5]    where it begins, if it is new: `now`, `beginning`, or a time in milliseconds
-- ARGV[6]    since when it has been a replica
-- ARGV[7]    the record that was there when the first portion was joined, '' if none was; `?` if this is the first
-- ARGV[8]    M, how many lanes were marked before, if this is the last portion; else 0
-- ARGV[8+m]  number of the m-th of them
-- ARGV[7+M+2l] name of the l-th lane, then its number
-- result     `STALE` if the lanes have another version, `CHANGED` if what was joined before does not hold any more,
--            `REMOVED` if the subscription was removed since; {`overtaken`, their record} if other lists hold, with
--            nothing changed; {`portion`, the record that is there or '', then each l of a lane that was marked}; or
--            {`joined`, the record that holds, 1 if there was one before or else 0}

local group, now_or_more, seen = ARGV[2], ARGV[5], ARGV[7]
local is_last, marked = ARGV[1] ~= '', tonumber(ARGV[8])

if is_last and (redis.call('HGET', KEYS[1], '~version') or '0') ~= ARGV[1] then return redis.status_reply('STALE') end

-- include removed

if is_removed(KEYS[5], group, ARGV[6]) then return redis.status_reply('REMOVED') end

-- include glob
-- include since
-- include after
-- include leave
-- include start
-- include remake
-- include remade
-- include record
-- include enter
-- include joining

local known = redis.call('HGET', KEYS[2], group)
if seen ~= '?' and seen ~= (known or '') then return redis.status_reply('CHANGED') end

local from_beginning = now_or_more == 'beginning' and not known
local now = clock_ms()

-- The record that holds from now on; nil if it is another's.
local function decide()
  local head, declared = ARGV[3], tonumber(ARGV[4])
  local revision, change = 0, 0
  if known then
    revision, change = age_of(known)
    local is_same = string.sub(known, 1, #head + 1) == head .. ','
    if is_same and change > 0 and declared <= revision then return known end
    if not is_same and (declared < revision or (declared == revision and declared > 0)) then return nil end
  end
  revision, change = math.max(revision, declared), math.max(change + 1, now)
  local start = known and string.match(known, '"start":(%d+)') or not known and string.match(now_or_more, '^%d+$')
  start = start and ',"start":' .. start or ''
  return string.format('%s,"revision":%.0f,"change":%.0f%s}', head, revision, change, start)
end

local function follow()
  if known and is_newer(known, ARGV[3]) then return nil end
  return ARGV[3]
end

-- The marks of the portions before, as the fields that they are; nil if one is gone, and with it what it stood for.
local function marks()
  local fields = {}
  for m = 1, marked do fields[m] = group .. '\n' .. ARGV[8 + m] .. '\njoining' end
  for first = 1, marked, 1000 do
    local last = math.min(marked, first + 999)
    local found = redis.call('HMGET', KEYS[3], unpack(fields, first, last))
    for m = 1, #found do
      if not found[m] then return nil end
    end
  end
  return fields
end

-- Of what was trimmed before nothing is missed, so it is not in the subscription's books.
local function begin_lane(stream, number)
  local facts = facts_of(stream)
  local gone = facts['entries-added'] - (facts.length or 0)
  if not make_group(stream, group, '0', gone) then return false end
  local mark = group .. '\n' .. number
  redis.call('HSET', KEYS[3], mark, '0-0', mark .. '\nadded', gone)
  -- Of an earlier stay, if the list of subscriptions was lost and this not.
  redis.call('HDEL', KEYS[3], mark .. '\nmark', mark .. '\nleft', mark .. '\ndrops', mark .. '\ndropped')
  return true
end

local record, start

-- Lets it begin on a lane; answers how to undo that.
local function begin_on(stream, number)
  if not known and start then return make_at(stream, group, KEYS[3], number, start) and '' or 'stay' end
  if from_beginning then return begin_lane(stream, number) and '' or 'stay' end
  local had_left = redis.call('HEXISTS', KEYS[3], group .. '\n' .. number .. '\nleft') == 1
  if not enter(stream, group, KEYS[3], number, start) then return 'stay' end
  return had_left and not is_to_come(start, now) and string.format('%.0f', facts_of(stream)['entries-added']) or ''
end

-- A subscription that is new to a lane begins after all that is there. If it had a group there, that was lost. What another
-- joiner has begun is begun anew, for neither has a record that takes it. Answers whether it is marked.
local function join_lane(stream, name, number)
  local field = group .. '\n' .. number
  local left, mark = unpack(redis.call('HMGET', KEYS[3], field .. '\nleft', field .. '\njoining'))
  if known and not left and takes(known, type_of(name)) then
    if mark then redis.call('HDEL', KEYS[3], field .. '\njoining') end
    local made = remake(stream, group, KEYS[3], number, start)
    if made then note_remade(KEYS[3], group, name, made) end
    return false
  end
  if mark then
    local _, undo = read_joining(mark, now)
    undo_joining(stream, group, KEYS[3], field, undo)
  end
  local undo = begin_on(stream, number)
  if not is_last then mark_joining(KEYS[3], field, now, undo) end
  return not is_last
end

if ARGV[4] == '' then record = follow() else record = decide() end
if not record then return {'overtaken', known} end
local fields = marks()
if not fields then return redis.status_reply('CHANGED') end
start = start_of(record)

local result = {'portion', known or ''}
for l = 1, #KEYS - 5 do
  local at = 7 + marked + 2 * l
  if join_lane(KEYS[5 + l], ARGV[at], ARGV[at + 1]) then result[#result + 1] = l end
end
if not is_last then return result end

for first = 1, marked, 1000 do
  redis.call('HDEL', KEYS[3], unpack(fields, first, math.min(marked, first + 999)))
end
make_group(KEYS[4], group, '0')
if record ~= known then
  note_first(KEYS[2], KEYS[3])
  redis.call('HSET', KEYS[2], group, record)
  redis.call('HINCRBY', KEYS[2], '~version', 1)
end
return {'joined', record, known and 1 or 0}
