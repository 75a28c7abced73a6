-- Notes for a subscription that a group of it was lost, and made anew by somebody who does not read it: the next of its
-- replicas to look takes the note, and tells of it. Until then it is one loss, in so many lanes, of which some are named.
local function note_remade(starts, group, name, made)
  local field = group .. '\n~remade'
  local lanes, detail = string.match(redis.call('HGET', starts, field) or '', '^(%d+) (.*)$')
  lanes = (tonumber(lanes) or 0) + 1
  if lanes <= 3 then
    local text = name .. ' from ' .. made[1]
    if made[2] >= 0 then text = text .. string.format(' (%.0f follow)', made[2]) end
    detail = detail and detail .. ', ' .. text or text
  end
  redis.call('HSET', starts, field, string.format('%.0f ', lanes) .. detail)
end
