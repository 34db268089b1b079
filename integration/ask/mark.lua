-- Set a field of a request that is still kept, and forget another one.
-- KEYS record
-- ARGV field, value, the field to forget or an empty text
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  if ARGV[3] ~= '' then redis.call('HDEL', KEYS[1], ARGV[3]) end
end
