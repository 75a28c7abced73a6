-- Of the events that are to be recorded, by their places among all: their records. Looked at before anything is stored:
-- where that key is no stream of ours, what is stored could not be recorded, and must not be stored.
records = {}
for at = audited_at, #ARGV, 2 do records[tonumber(ARGV[at])] = ARGV[at + 1] end
local held = redis.call('TYPE', audit).ok
if held ~= 'stream' and held ~= 'none' then
  unfit = {err = 'WRONGTYPE the key of the audit records holds a ' .. held .. ' that is none of ours'}
end
