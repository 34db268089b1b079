-- A part: whether the lanes that a step needs let it pass; a note takes its turn then.
-- expects `now`; the arguments are the case, its place's line, the first and the last of the lanes in KEYS, `note` or '',
-- the default interval, and the seconds within which notes may pass each other; returns when to come again, or nothing.
-- Intervals shorter than those seconds are a pace on average: what was late is made up for, so that a sweep that comes
-- late slows nothing down. Longer ones are kept between any two notes.
local function let_pass(case, line, first, last, what, default_interval, burst)
  local open_at = 0
  for lane = first, last do
    open_at = math.max(open_at, tonumber(redis.call('HGET', KEYS[lane], 'open_at') or '0'))
  end
  if now < open_at then return open_at end
  if what ~= 'note' then return nil end
  local note_at = tonumber(redis.call('HGET', KEYS[first], 'note_at') or '0')
  if now < note_at then return note_at end
  local interval = tonumber(redis.call('HGET', KEYS[first], 'interval') or default_interval)
  local rank = redis.call('ZRANK', line, case)
  if rank and rank > 0 and rank * interval > tonumber(burst) then return now + interval end
  redis.call('ZREM', line, case)
  local since = interval < tonumber(burst) and math.max(note_at, now - burst) or now
  redis.call('HSET', KEYS[first], 'note_at', string.format('%.6f', since + interval))
  return nil
end
