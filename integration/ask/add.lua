-- Keep a request, unless it is kept already; returns whether that is done.
-- KEYS record
-- ARGV seconds, then its fields and their values
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
