-- Where it is noted beside an event when it was first due, once it was put off.
local function late_field(member)
  return member .. '\n'
end
