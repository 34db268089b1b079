-- Take the turn of one note that stands in no line; returns when to come again, or an empty text when it goes now.
-- KEYS lane
-- ARGV default interval
-- include now
local lane = redis.call('HMGET', KEYS[1], 'open_at', 'note_at', 'interval')
local at = math.max(tonumber(lane[1] or '0'), tonumber(lane[2] or '0'))
if now < at then return string.format('%.6f', at) end
redis.call('HSET', KEYS[1], 'note_at', string.format('%.6f', now + tonumber(lane[3] or ARGV[1])))
return ''
