#!lua flags=allow-oom
-- Tells a replica whether its subscription is paused, and its rate limit, which a replica that has joined may set. A limit
-- that it declares counts if it is another than the one declared last: what an operator has set holds until then. One of
-- an older revision than the last counts for nothing; another one of the same revision refuses the replica.
-- What it says of its policy is kept for operators, unless a newer revision has said something; nobody goes by it.
-- Whoever asks counts as alive for a while.
--
-- KEYS[1]  state     HASH
-- KEYS[2]  bell      sharded channel
-- KEYS[3]  replicas  ZSET
-- KEYS[4]  removing  HASH
-- KEYS[5]  removed   ZSET
-- ARGV[1]  subscription
-- ARGV[2]  the limit that the replica declares: `<events>/<microseconds>/<burst>`; '' for none
-- ARGV[3]  `begins` if it is about to join, `declares` if it has joined, `lives` if it runs: then its limit counts only
--          where none was declared, or by older ones alone, for the store was emptied
-- ARGV[4]  the replica
-- ARGV[5]  milliseconds for which it counts as alive from now on
-- ARGV[6]  since when it has been a replica, as this answered when it began; '' if it begins
-- ARGV[7]  the revision that it declares; 0 for none
-- ARGV[8]  its policy, as JSON; '' if it says nothing of it
-- result   {since when it is paused in milliseconds or '', its limit or '', since when it is a replica, the limit that was
--          declared last or '', its revision}; where the subscription is being removed, for how many milliseconds whoever
--          does so counts as alive yet; `REMOVED` if it was removed since; the limit that the same revision has declared,
--          or '', if that refuses this one. Then the replica does not count as alive.

-- include since
-- include hear
-- include removed

local now, since = clock_ms(), ARGV[6]
if ARGV[3] == 'begins' then
  local until_ms = redis.call('HGET', KEYS[4], 'until')
  if until_ms then return math.max(0, until_ms - now) end
  -- Not before the last removal, though the clock was set back since.
  since = string.format('%.0f', math.max(now, redis.call('ZSCORE', KEYS[5], ARGV[1]) or 0))
elseif is_removed(KEYS[5], ARGV[1], since) then
  return redis.status_reply('REMOVED')
end

local paused, limit, declared, known, policy, told =
  unpack(redis.call('HMGET', KEYS[1], 'paused', 'limit', 'declared', 'revision', 'policy', 'told'))
local revision, last = tonumber(ARGV[7]), tonumber(known or '0') or 0
local is_newer, is_other = revision > last, ARGV[2] ~= (declared or '')

if ARGV[3] ~= 'lives' and is_other and revision == last and revision > 0 then return declared or '' end
hear(KEYS[3], now, ARGV[4], ARGV[5])

local function declare()
  redis.call('HSET', KEYS[1], 'declared', ARGV[2], 'revision', ARGV[7])
  declared, last = ARGV[2], revision
  if not is_other then return end
  if ARGV[2] == '' then
    redis.call('HDEL', KEYS[1], 'limit')
  else
    redis.call('HSET', KEYS[1], 'limit', ARGV[2])
  end
  limit = ARGV[2]
  redis.call('SPUBLISH', KEYS[2], 'state:' .. ARGV[1])
end

local is_heard = is_newer or not declared or ARGV[3] == 'declares' and revision == last
if ARGV[3] ~= 'begins' and is_heard and (is_newer or is_other) then declare() end

local function tell_policy()
  local told_by = tonumber(told or '') or -1
  local holds = revision > told_by or ARGV[3] == 'declares' and revision == told_by
  if not holds or (policy == ARGV[8] and revision == told_by) then return end
  redis.call('HSET', KEYS[1], 'policy', ARGV[8], 'told', ARGV[7])
end

if ARGV[3] ~= 'begins' and ARGV[8] ~= '' then tell_policy() end
return {paused or '', limit or '', since, declared or '', last}
