-- Let the sweeper rest while nothing can be under way; returns the time, and the seconds for which it may: 0 for none.
-- KEYS due, resting, bell
-- ARGV seconds within which all is due that may be under way, longest rest
-- include now
local rest = tonumber(ARGV[2])
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if first then rest = math.min(rest, first - now - ARGV[1]) end
if rest < 1 then
  rest = 0
  redis.call('DEL', KEYS[2])
else
  redis.call('SET', KEYS[2], string.format('%.6f', now + rest + ARGV[1]))
end
return {string.format('%.6f', now), string.format('%.6f', rest)}
