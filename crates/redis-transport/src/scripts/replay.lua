#!lua flags=allow-oom
-- Gives dead letters back to their subscription: each is stored in the retry stream before it leaves the dead letters.
-- Stops after 1 MiB, so that one call never holds the server up for long; it moves at least one.
--
-- KEYS[1]  dead        ZSET
-- KEYS[2]  letters     HASH
-- KEYS[3]  retry       STREAM
-- KEYS[4]  exceptions  HASH
-- KEYS[5]  bell        sharded channel
-- ARGV[1]  subscription
-- ARGV[2+] for each letter, at most 100: its member, and when it died in ms; empty for whenever that was
-- result   {how many letters were looked at, how many of them were there}

local group = ARGV[1]
local looked, moved, bytes = 0, 0, 0

local function make_stream()
  local made = redis.pcall('XGROUP', 'CREATE', KEYS[3], group, '0', 'MKSTREAM')
  if made.err and not string.find(made.err, 'BUSYGROUP', 1, true) then return made end
end

-- What was replayed and has died again since is another letter.
local function is_meant(died, meant)
  return meant == '' or died == tonumber(meant)
end

local function move(member, letter)
  local entry = redis.call('XADD', KEYS[3], 'NOMKSTREAM', '*', 'm', member, 'e', letter[7], 'f', 0, 'w', 0, 'l', letter[6])
  redis.call('HSET', KEYS[4], member, 'retrying:0:' .. entry)
  redis.call('ZREM', KEYS[1], member)
  redis.call('HDEL', KEYS[2], member)
end

for i = 2, #ARGV, 2 do
  local packed = redis.call('HGET', KEYS[2], ARGV[i])
  local read, letter = pcall(cmsgpack.unpack, packed or '')
  if packed and read and type(letter) == 'table' and letter[7] and is_meant(letter[5], ARGV[i + 1]) then
    if moved == 0 then
      local failed = make_stream()
      if failed then return failed end
    end
    move(ARGV[i], letter)
    moved = moved + 1
    bytes = bytes + #packed
  end
  looked = looked + 1
  if bytes >= 1048576 then break end
end

if moved > 0 then redis.call('SPUBLISH', KEYS[5], 'retry:' .. group) end
return {looked, moved}
