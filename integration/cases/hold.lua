-- Close a lane because our account is refused; returns the seconds until the next try.
-- KEYS lane
-- ARGV reason, first delay, longest delay
-- include now
local holds = redis.call('HINCRBY', KEYS[1], 'holds', 1)
local delay = math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) * 2 ^ math.min(holds - 1, 20))
redis.call('HSETNX', KEYS[1], 'held_since', string.format('%.3f', now))
redis.call('HSET', KEYS[1], 'hold', ARGV[1])
if delay > 0 then
  redis.call('HSET', KEYS[1], 'open_at', string.format('%.6f', now + delay))
  redis.call('HDEL', KEYS[1], 'suspected')
else
  redis.call('HSET', KEYS[1], 'suspected', '1')
end
return tostring(delay)
