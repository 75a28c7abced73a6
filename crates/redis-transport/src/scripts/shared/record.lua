-- How old a record is: its revision, and when it was written. One without a change had counted changes as revisions.
local function age_of(record)
  local read = read_record(record)
  if not read.change then return 0, 0 end
  return read.revision, read.change
end

-- Whether a record holds against another.
local function is_newer(a, b)
  local a_revision, a_change = age_of(a)
  local b_revision, b_change = age_of(b)
  if a_revision ~= b_revision then return a_revision > b_revision end
  return a_change > b_change
end
