-- A part: wake the sweeper when something is due that it would rest too long for. It is rung once for each rest.
local function ring(due_key, due)
  local rests = redis.call('GET', due_key .. ':resting')
  if not rests or tonumber(due) >= tonumber(rests) then return end
  redis.call('DEL', due_key .. ':resting')
  redis.call('RPUSH', due_key .. ':bell', '1')
end
