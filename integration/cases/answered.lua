-- The service did what was asked; returns whether that ended a hold.
-- KEYS lane
-- ARGV seconds until the next note or '', interval
-- include now
local ended = redis.call('HDEL', KEYS[1], 'hold', 'held_since', 'holds', 'suspected')
redis.call('HDEL', KEYS[1], 'refused', 'limited', 'failing', 'failing_since', 'failing_last', 'failures')
redis.call('HSET', KEYS[1], 'accepted_at', string.format('%.6f', now))
if ended > 0 then redis.call('HSET', KEYS[1], 'open_at', string.format('%.6f', now)) end
if ARGV[1] ~= '' then
  redis.call('HSET', KEYS[1], 'interval', ARGV[2])
  local at = now + tonumber(ARGV[1])
  if at > tonumber(redis.call('HGET', KEYS[1], 'note_at') or '0') then
    redis.call('HSET', KEYS[1], 'note_at', string.format('%.6f', at))
  end
end
return ended
