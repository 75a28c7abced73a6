-- How many replicas count as alive, and when one was last heard of.
local function alive_of(replicas, now)
  local heard = tonumber(redis.call('ZSCORE', replicas, '~heard') or nil)
  local alive = redis.call('ZCOUNT', replicas, '(' .. string.format('%.0f', now), '+inf')
  -- Only if the clock was set back.
  if heard and heard > now then alive = alive - 1 end
  return alive, heard
end
