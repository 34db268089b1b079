-- A part: `now`, the time of Redis, as a text of all its digits.
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
