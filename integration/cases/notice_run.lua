-- A part: notice that Redis is another run than before, or that its clock has jumped, or that it was emptied.
-- What is lost then are the writes after some moment. So all that was created since the newest time that has survived,
-- of the case that came last or of the last look for missed cases, has to be looked through: `lost` says from when until
-- when, and recovery's lock is taken away, so that this is done at once.
-- expects `run` and `now`; the arguments are names of keys
local function notice(received, seen, lost, done, lock)
  if redis.call('GET', seen) == run then return end
  local latest = redis.call('ZRANGE', received, -1, -1, 'WITHSCORES')
  local kept = math.max(tonumber(latest[2] or 0), tonumber(redis.call('GET', done) or 0))
  local since = math.floor(math.min(kept, tonumber(now))) - 1800 -- from a creation to its delivery, and two clocks apart
  local till = math.ceil(math.max(kept, tonumber(now))) + 600 -- that a desk's clock may be ahead of Redis'
  local earlier = redis.call('HMGET', lost, 'since', 'until')
  if earlier[1] then
    since = math.min(since, tonumber(earlier[1]))
    till = math.max(till, tonumber(earlier[2]))
  end
  redis.call('HSET', lost, 'since', since, 'until', till)
  redis.call('SET', seen, run)
  redis.call('DEL', lock)
end
