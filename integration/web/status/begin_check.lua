-- Note that a check is under way, and since when; returns 1, or 0 when another one is.
-- KEYS lock
-- ARGV seconds that the lock is held at the most
return redis.call('SET', KEYS[1], redis.call('TIME')[1], 'NX', 'EX', ARGV[1]) and 1 or 0
