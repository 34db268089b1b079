-- Show that a process of the worker lives, or forget it.
-- KEYS beats
-- ARGV who, who does not live any more or '', seconds that it is remembered or '' when that was told lately
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], time[1] .. '.' .. string.format('%06d', time[2]), ARGV[1])
if ARGV[2] ~= '' then redis.call('ZREM', KEYS[1], ARGV[2]) end
if ARGV[3] == '' then return end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. (time[1] - ARGV[3]))
redis.call('EXPIRE', KEYS[1], ARGV[3])
