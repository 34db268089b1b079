-- Count a request for highlights; returns why it may not be made, and when to come again; or 1 when it may be made, 0
-- when it may be made without a question.
-- KEYS asked, the lane that it goes by, set while it is asked without questions
-- ARGV ceiling, a name for the request by chance: a short one, for there are as many as requests in an hour
-- include now
local open_at = redis.call('HGET', KEYS[2], 'open_at')
if open_at and now < tonumber(open_at) then return {'open', open_at} end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 3600)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  return {'ceiling', string.format('%.6f', oldest[2] + 3600)}
end
local name, at = ARGV[2], string.format('%.6f', now)
while redis.call('ZADD', KEYS[1], 'NX', at, name) == 0 do name = name .. '.' end
redis.call('EXPIRE', KEYS[1], 3600)
return 1 - redis.call('EXISTS', KEYS[3])
