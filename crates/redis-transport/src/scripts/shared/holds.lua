-- Who works on which dead letters; as many as there are jobs.
local function holds_of(key)
  local stored, holds = redis.call('HGETALL', key), {}
  for at = 1, #stored, 2 do
    local until_ms, holder = string.match(stored[at + 1], '^(%d+) (.*)$')
    holds[stored[at]] = {until_ms = tonumber(until_ms) or 0, holder = holder}
  end
  return holds
end
