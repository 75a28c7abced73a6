-- Raises or lowers how many events of a tenant wait for their time; a count that can't be read begins anew.
local function count_later(counts, tenant, by)
  local count = redis.pcall('HINCRBY', counts, tenant, by)
  if type(count) == 'table' or count <= 0 then redis.pcall('HDEL', counts, tenant) end
end
