#!lua flags=allow-oom
-- Creates the record of a namespace, if there is none, and answers what is stored.
--
-- KEYS[1]  namespace  HASH
-- ARGV[1]  format of what is stored
-- ARGV[2]  number of partitions
-- ARGV[3]  tags of the partitions, joined by `,`
-- result   {format, partitions, tags}: a field that a stranger's record lacks is an empty string

if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'format', ARGV[1], 'partitions', ARGV[2], 'tags', ARGV[3])
end

local stored = redis.call('HMGET', KEYS[1], 'format', 'partitions', 'tags')
return {stored[1] or '', stored[2] or '', stored[3] or ''}
