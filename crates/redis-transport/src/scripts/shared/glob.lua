-- Whether a type matches a pattern as a whole: two pointers, for a Lua pattern of many stars would stall the server.
local function glob(pattern, text)
  local p, t, star, taken = 1, 1, nil, nil
  while t <= #text do
    local wanted = string.byte(pattern, p)
    if wanted == 42 then
      star, taken = p, t
      p = p + 1
    elseif wanted == string.byte(text, t) then
      p, t = p + 1, t + 1
    elseif star then
      taken = taken + 1
      p, t = star + 1, taken
    else
      return false
    end
  end
  while string.byte(pattern, p) == 42 do p = p + 1 end
  return p > #pattern
end

local patterns_of = {}

-- What a record says; an error for what is no record.
local function read_record(record)
  local is_read, read = pcall(cjson.decode, record)
  if is_read and type(read) == 'table' and type(read.patterns) == 'table' then return read end
  error({err = 'UNREADABLE it has no patterns'})
end

-- Whether a subscription with this record takes a type.
local function takes(record, event_type)
  local patterns = patterns_of[record] or read_record(record).patterns
  patterns_of[record] = patterns
  for _, pattern in ipairs(patterns) do
    if glob(pattern, event_type) then return true end
  end
  return false
end

local function type_of(lane_name)
  return string.match(lane_name, '^(.*):[^:]*$') or lane_name
end

-- Makes a group, whose reading is counted if it is said how many entries lie before it; one that is there stays.
local function make_group(stream, group, start, before)
  local made
  if before then
    made = redis.pcall('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM', 'ENTRIESREAD', before)
  else
    made = redis.pcall('XGROUP', 'CREATE', stream, group, start, 'MKSTREAM')
  end
  if not made.err then return true end
  if string.find(made.err, 'BUSYGROUP', 1, true) then return false end
  error(made)
end
