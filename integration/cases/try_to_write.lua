-- Write to each key something that is gone at once.
-- KEYS what is written to
for _, key in ipairs(KEYS) do
  redis.call('SET', key, '1', 'EX', 10)
  redis.call('DEL', key)
end
return 1
