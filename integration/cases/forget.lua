-- Erase a case, and remember its key alone; returns how much there was.
-- KEYS case, forgotten, the indexes
-- ARGV case, seconds that it is remembered, how many are
local erased = redis.call('DEL', KEYS[1])
for n = 3, #KEYS do erased = erased + redis.call('ZREM', KEYS[n], ARGV[1]) end
if erased > 0 then
  local now = redis.call('TIME')[1]
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[2])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -ARGV[3] - 1)
  redis.call('EXPIRE', KEYS[2], ARGV[2])
end
return erased
