-- Remember something of a case that is known; nothing when Redis has lost its entry meanwhile.
-- KEYS what is remembered, case, forgotten
-- ARGV case, what to remember, seconds
if redis.call('EXISTS', KEYS[2]) == 1 or redis.call('ZSCORE', KEYS[3], ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
