-- Write a claim; returns 1, 0 when another process was faster, or -1 when a lane is closed: the case is put off then.
-- KEYS those of write_entry, line, the lanes that the step needs
-- ARGV those of write_entry, `note` or '', default interval, seconds within which notes may pass each other
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
-- include now
-- include ring
local function come_again(at)
  redis.call('ZADD', KEYS[2], 'XX', string.format('%.6f', at), ARGV[1])
  ring(KEYS[2], at)
  return -1
end
local open_at = 0
for lane = 6, #KEYS do
  open_at = math.max(open_at, tonumber(redis.call('HGET', KEYS[lane], 'open_at') or '0'))
end
if now < open_at then return come_again(open_at) end
if ARGV[7] == 'note' then
  local note_at = tonumber(redis.call('HGET', KEYS[6], 'note_at') or '0')
  if now < note_at then return come_again(note_at) end
  local interval = tonumber(redis.call('HGET', KEYS[6], 'interval') or ARGV[8])
  local rank = redis.call('ZRANK', KEYS[5], ARGV[1])
  if rank and rank > 0 and rank * interval > tonumber(ARGV[9]) then return come_again(now + interval) end
  redis.call('ZREM', KEYS[5], ARGV[1])
  redis.call('HSET', KEYS[6], 'note_at', string.format('%.6f', now + interval))
end
-- include write_entry
return 1
