-- Keep what a check found, with the time, and let the next one begin.
-- KEYS results, lock
-- ARGV the results as JSON, seconds that they are kept
local found = cjson.encode({at = tonumber(redis.call('TIME')[1])})
redis.call('SET', KEYS[1], string.sub(found, 1, -2) .. ',"results":' .. ARGV[1] .. '}', 'EX', ARGV[2])
redis.call('DEL', KEYS[2])
