-- Read an entry; returns it, the time of Redis in two numbers, and which run it is.
-- KEYS case, clock
-- include run
local time = redis.call('TIME')
return {redis.call('GET', KEYS[1]), time[1], time[2], run}
