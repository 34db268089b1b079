-- The service did not do what was asked.
-- KEYS lane
-- ARGV reason
-- include now
redis.call('HSETNX', KEYS[1], 'failing_since', string.format('%.3f', now))
redis.call('HSET', KEYS[1], 'failing', ARGV[1], 'failing_last', string.format('%.3f', now))
redis.call('HINCRBY', KEYS[1], 'failures', 1)
