-- Show that a process lives.
-- KEYS beats
-- ARGV the member to write, one to remove or '', seconds that it is remembered
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] .. '.' .. string.format('%06d', time[2]), ARGV[1])
if ARGV[2] ~= '' then redis.call('ZREM', KEYS[1], ARGV[2]) end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. (time[1] - ARGV[3]))
redis.call('EXPIRE', KEYS[1], ARGV[3])
