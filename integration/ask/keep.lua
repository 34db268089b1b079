-- Keep the result of a request that is still kept, and forget what was asked; returns whether it is kept.
-- KEYS record
-- ARGV result, seconds
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('HSETNX', KEYS[1], 'result', ARGV[1]) == 1 then
  redis.call('HDEL', KEYS[1], 'question')
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return 1
