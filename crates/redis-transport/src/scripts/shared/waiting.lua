-- How many retries wait: for their time, or in the retry stream for a reader.
local function count_waiting(due, retry, group)
  local held = redis.pcall('XPENDING', retry, group)
  return redis.call('ZCARD', due) + redis.call('XLEN', retry) - (held.err and 0 or held[1])
end
