-- Whether the consumer holds the entry as it was handed out.
local function holds(stream, group, entry, consumer, starts)
  -- With a group that was lost, all that it had handed out is lost.
  local held = redis.pcall('XPENDING', stream, group, entry, entry, 1)[1]
  return held and held[2] == consumer and held[4] == tonumber(starts)
end

local NIL_ID = string.rep('\0', 16)

-- The fields of the entry, if it holds the event that is meant; a stranger's entry without an id holds any.
local function fields_of(stream, entry, member)
  local found = redis.call('XRANGE', stream, entry, entry)[1]
  if not found then return nil end
  local fields = {}
  for at = 1, #found[2], 2 do fields[found[2][at]] = found[2][at + 1] end
  local id, tenant = string.sub(fields.m or '', 1, 16), string.sub(fields.m or '', 17)
  if #id == 16 and id ~= NIL_ID and id ~= string.sub(member, 1, 16) then return nil end
  if #member > 16 and tenant ~= string.sub(member, 17) then return nil end
  return fields
end

local function now_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end
