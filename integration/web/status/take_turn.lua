-- Take the next turn in several lines at once; returns the milliseconds until then. When that is longer than the
-- patience, no turn is taken, and the number is negative.
-- KEYS the lines to wait in
-- ARGV how long a turn of each line lasts, in their order, then the patience; all in milliseconds
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local turn = now
for _, line in ipairs(KEYS) do
  turn = math.max(turn, tonumber(redis.call('GET', line) or 0))
end
if turn - now > tonumber(ARGV[#ARGV]) then
  return now - turn
end
for number, line in ipairs(KEYS) do
  local free = turn + tonumber(ARGV[number])
  redis.call('SET', line, string.format('%.0f', free), 'PX', free - now)
end
return turn - now
