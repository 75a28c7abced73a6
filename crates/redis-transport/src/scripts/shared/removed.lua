-- Whether the subscription was removed after a replica of it had begun.
local function is_removed(removed, group, since)
  local at = redis.call('ZSCORE', removed, group)
  return at and tonumber(at) > tonumber(since)
end
