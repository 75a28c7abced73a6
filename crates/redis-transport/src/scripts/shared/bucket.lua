-- So many members are looked for one by one: for more it is cheaper to take the whole bucket apart first.
local FEW_MEMBERS = 16

-- member → place, for all that a bucket holds; what is no bucket of ours holds nothing.
local function places_of(bucket)
  local places, at = {}, 1
  while true do
    local member_end = string.find(bucket, '\n', at + 16, true)
    local place_end = member_end and string.find(bucket, '\n', member_end + 1, true)
    if not place_end then return places end
    places[string.sub(bucket, at, member_end - 1)] = string.sub(bucket, member_end + 1, place_end - 1)
    at = place_end + 1
  end
end

-- A function that tells the place of a member in the bucket, for one that asks for so many.
local function places_in(bucket, asked)
  local places = asked > FEW_MEMBERS and places_of(bucket) or nil
  return function(member)
    -- Its bytes may be part of others by chance, so that it is found does not say that it is there.
    if not places and not string.find(bucket, member, 1, true) then return nil end
    places = places or places_of(bucket)
    return places[member]
  end
end
