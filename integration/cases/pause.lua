-- Close a lane for a time; an opening is only ever moved later.
-- KEYS lane
-- ARGV seconds
-- include now
local at = now + tonumber(ARGV[1])
if at > tonumber(redis.call('HGET', KEYS[1], 'open_at') or '0') then
  redis.call('HSET', KEYS[1], 'open_at', string.format('%.6f', at))
end
