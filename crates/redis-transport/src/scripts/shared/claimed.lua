-- Whether anything of the stream is held; nothing is, where there is no group: that is for reading to find out.
local function is_held(stream)
  local summary = redis.pcall('XPENDING', stream, group)
  return not summary.err and summary[1] > 0
end

-- What the reader must know of an entry that is the consumer's now. Its envelope is read only if it may be handled as it
-- is: if it was handed back before it was started. nil if the entry was deleted: claiming it has let go of it then.
local function describe(l, stream, entry)
  local held = redis.call('XPENDING', stream, group, entry, entry, 1)[1]
  if not held then return nil end
  local starts = held[4]
  if starts == 0 then
    local claimed = redis.call('XCLAIM', stream, group, consumer, 0, entry, 'RETRYCOUNT', 1)[1]
    local fields = claimed and claimed[2] or {}
    return {l, entry, 1, was_finished and was_finished(fields) and 2 or 1, fields}
  end
  local found = redis.call('XRANGE', stream, entry, entry)[1]
  local kept = {}
  if found then
    for at = 1, #found[2], 2 do
      if found[2][at] ~= 'e' then
        kept[#kept + 1] = found[2][at]
        kept[#kept + 1] = found[2][at + 1]
      end
    end
  end
  return {l, entry, starts, 0, kept}
end
