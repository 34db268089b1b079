-- Read an entry, and claim it in the same step when its beginning shows that it may be (integration.cases.stored).
-- Returns it as it is then, the time of Redis in two numbers, which run it is, and 1 when it was claimed. What is not so
-- plain is decided by whoever asked: another state, a wait, another run of Redis, a lane that may be needed and is closed.
-- KEYS case, due, line, the lanes that the step may need, clock
-- ARGV case, what the entry begins with up to the time that it waits until, lease, seconds that an attempt which was
-- broken off may still be under way, seconds until the sweeper looks, `note` or '', default interval, seconds within
-- which notes may pass each other
-- include run
-- include now
-- include let_pass
-- include ring
local document = redis.call('GET', KEYS[1])
local wait = document and string.match(document, '^' .. ARGV[2] .. '(%d+%.?%d*),"redis_run":"' .. run .. '",')
if not wait or tonumber(wait) > now or let_pass(ARGV[1], KEYS[3], 4, #KEYS - 1, ARGV[6], ARGV[7], ARGV[8]) then
  return {document, time[1], time[2], run, 0}
end
local at = time[1] .. '.' .. string.format('%06d', time[2])
document = '{"claimed":["' .. ARGV[3] .. '",' .. at .. ',' .. ARGV[4] .. '],' .. string.sub(document, 2)
redis.call('SET', KEYS[1], document)
redis.call('ZADD', KEYS[2], string.format('%.6f', now + ARGV[5]), ARGV[1])
ring(KEYS[2], now + ARGV[5])
return {document, time[1], time[2], run, 1}
