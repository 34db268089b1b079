-- Write something that is gone at once.
-- KEYS what is written
redis.call('SET', KEYS[1], '1', 'EX', 10)
redis.call('DEL', KEYS[1])
return 1
