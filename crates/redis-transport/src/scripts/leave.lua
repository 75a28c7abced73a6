#!lua flags=allow-oom
-- Removes consumers that hold nothing: this one, and those that have not been heard of for long. One that holds
-- something stays, for its deliveries would be lost with it.
--
-- KEYS[l]  the l-th stream, at most 20
-- ARGV[1]  subscription
-- ARGV[2]  consumer that leaves, or '' for none
-- ARGV[3]  milliseconds after which a consumer that holds nothing is dead
-- result   how many were removed

local group, leaving, dead_after = ARGV[1], ARGV[2], tonumber(ARGV[3])

local function read(info)
  local consumer = {}
  for at = 1, #info, 2 do consumer[info[at]] = info[at + 1] end
  return consumer
end

local removed = 0
for l = 1, #KEYS do
  local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[l], group)
  if not consumers.err then
    for n = 1, math.min(#consumers, 1000) do
      local consumer = read(consumers[n])
      local gone = consumer.name == leaving or (consumer.name ~= '~released' and consumer.idle > dead_after)
      if gone and consumer.pending == 0 then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[l], group, consumer.name)
        removed = removed + 1
      end
    end
  end
end
return removed
