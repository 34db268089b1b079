-- Count deliveries that were refused, or one that was verified (reason '').
-- KEYS doors, metrics, refused, refused:n
-- ARGV door, reason, status, count, age of the first and of the last, seconds kept, most kept
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local door, reason = ARGV[1], ARGV[2]
local function get(name) return tonumber(redis.call('HGET', KEYS[1], door .. ':' .. name) or '0') end
local function put(name, value) redis.call('HSET', KEYS[1], door .. ':' .. name, string.format('%.3f', value)) end
local last = now - ARGV[6]
if reason == '' then put('genuine', math.max(last, get('genuine'))) return end
local before, genuine = get(reason .. ':last'), get('genuine')
if genuine > before or before == 0 then
  if before > 0 and now - before < 3600 then put('mixed', now) end
  put(reason .. ':since', now - ARGV[5])
  redis.call('HDEL', KEYS[1], door .. ':' .. reason .. ':count')
end
put(reason .. ':last', last)
redis.call('HINCRBY', KEYS[1], door .. ':' .. reason .. ':count', ARGV[4])
redis.pcall('HINCRBY', KEYS[2], 'refused:' .. door .. ':' .. reason, ARGV[4])
local member = table.concat({string.format('%d', math.floor(last / 3600)), door, reason, ARGV[3]}, ':')
redis.call('ZADD', KEYS[3], string.format('%.3f', last), member)
redis.call('HINCRBY', KEYS[4], member, ARGV[4])
local over = redis.call('ZCARD', KEYS[3]) - tonumber(ARGV[8])
if over > 0 then
  for _, old in ipairs(redis.call('ZRANGE', KEYS[3], 0, over - 1)) do
    redis.call('ZREM', KEYS[3], old)
    redis.call('HDEL', KEYS[4], old)
  end
end
redis.call('EXPIRE', KEYS[3], ARGV[7])
redis.call('EXPIRE', KEYS[4], ARGV[7])
