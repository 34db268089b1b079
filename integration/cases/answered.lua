-- The service did what was asked; returns whether that ended a hold.
-- KEYS lane
-- ARGV seconds until the next note or '', interval. A pause longer than that counts from now, the interval from when
-- the last note left: however long its answer took. What was there while no interval was known does not count.
-- include now
local ended = redis.call('HDEL', KEYS[1], 'hold', 'held_since', 'holds', 'suspected')
redis.call('HDEL', KEYS[1], 'refused', 'limited', 'failing', 'failing_since', 'failing_last', 'failures')
redis.call('HSET', KEYS[1], 'accepted_at', string.format('%.6f', now))
if ended > 0 then redis.call('HSET', KEYS[1], 'open_at', string.format('%.6f', now)) end
if ARGV[1] ~= '' then
  local pause, interval = tonumber(ARGV[1]), tonumber(ARGV[2])
  local note_at, before = unpack(redis.call('HMGET', KEYS[1], 'note_at', 'interval'))
  local at = now + pause
  if note_at and before and pause <= interval then at = note_at - before + interval end
  redis.call('HSET', KEYS[1], 'interval', ARGV[2])
  if not before or at > tonumber(note_at or '0') then redis.call('HSET', KEYS[1], 'note_at', string.format('%.6f', at)) end
end
return ended
