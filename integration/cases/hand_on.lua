-- Hand on to other desks of which time Redis may have lost cases, once after each time that this was noticed.
-- KEYS lost, run, and the `lost` of each other desk
local lost = redis.call('HMGET', KEYS[1], 'since', 'until', 'handed_on')
if not lost[1] then return end
local noticed = lost[2] .. ':' .. (redis.call('GET', KEYS[2]) or '')
if lost[3] == noticed then return end
for place = 3, #KEYS do
  local own = redis.call('HMGET', KEYS[place], 'since', 'until')
  local since, till = tonumber(lost[1]), tonumber(lost[2])
  if own[1] then
    since, till = math.min(since, tonumber(own[1])), math.max(till, tonumber(own[2]))
  end
  redis.call('HSET', KEYS[place], 'since', string.format('%d', since), 'until', string.format('%d', till))
end
redis.call('HSET', KEYS[1], 'handed_on', noticed)
