-- Note that everybody was told of the result of a request that is still kept.
-- KEYS record
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('HSET', KEYS[1], 'told', '1')
  redis.call('HDEL', KEYS[1], 'callback_url')
end
