#!lua flags=no-writes
-- Reads dead letters of a subscription in one partition.
--
-- KEYS[1]  letters  HASH  member → {reason, error, attempts, first failure in ms or 0, died in ms, lane, bytes}, packed
-- ARGV[i]  the i-th member, at most 100
-- result   for each member its seven fields as strings; nil if there is none, empty if it can't be read

local letters = {}
for i, packed in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
  letters[i] = false
  if packed then
    local read, letter = pcall(cmsgpack.unpack, packed)
    letters[i] = {}
    if read and type(letter) == 'table' then
      for field = 1, 7 do
        local value = letter[field]
        -- Lua would write a time as 1.7e+12.
        letters[i][field] = type(value) == 'number' and string.format('%.0f', value) or tostring(value)
      end
    end
  end
end
return letters
