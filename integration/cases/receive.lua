-- Take in a new case; returns 1, or 0 when it is known or was erased.
-- KEYS case, due, state:received, received, metrics, forgotten, newest of the desk, run, lost, done, lock, RQ's queues,
-- the queue, the job, nameless, clock
-- ARGV case, its entry without its times, seconds until the job is lost, its number or '', seconds that the newest
-- number is remembered, when it was created or '', seconds after that before which nothing is asked, '1' when it is
-- taken in also after it was erased, the job's id, what it calls, when it is queued, seconds that it is kept among
-- those whose person may be known later or '', what a new entry begins with
-- include run
-- include now_exactly
-- include notice_run
-- include new_entry
-- include queue_job
-- include ring
notice(KEYS[4], KEYS[8], KEYS[9], KEYS[10], KEYS[11]) -- before: a new case would pass for one that has survived
if ARGV[12] ~= '' then
  redis.call('SADD', KEYS[15], ARGV[1])
  redis.call('EXPIRE', KEYS[15], ARGV[12])
end
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
if ARGV[8] ~= '1' and redis.call('ZSCORE', KEYS[6], ARGV[1]) then return 0 end

-- Some desks number cases as they are created. One whose number is not above all that came until an hour ago, or that
-- came itself, was here before when its entry is gone: it has expired, and its note may be there. Numbers are compared
-- as texts, for they are long.
local function above(one, other) return #one > #other or (#one == #other and one > other) end
local was_here = redis.call('ZSCORE', KEYS[4], ARGV[1])
if ARGV[4] ~= '' then
  local newest, since, before = unpack(redis.call('HMGET', KEYS[7], 'id', 'since', 'before'))
  if not since or now - since > 3600 or now - since < 0 then
    before = newest or before
    redis.call('HSET', KEYS[7], 'since', now, 'before', before or '0')
  end
  was_here = was_here or (before and not above(ARGV[4], before))
  if not was_here and (not newest or above(ARGV[4], newest)) then
    redis.call('HSET', KEYS[7], 'id', ARGV[4])
    redis.call('EXPIRE', KEYS[7], ARGV[5])
  end
end

-- What was created a while ago, or seems to come from the future, does not wait for longer than it has to.
local created = ARGV[6] == '' and now or math.min(tonumber(ARGV[6]), tonumber(now))
local not_before = created + tonumber(ARGV[7])
local waits = tonumber(ARGV[7]) > 0 and not_before > tonumber(now)
redis.call('SET', KEYS[1], new_entry(ARGV[13], ARGV[2], was_here, waits and string.format('%.6f', not_before)))
local due = waits and string.format('%.6f', not_before) or now + ARGV[3]
redis.call('ZADD', KEYS[2], due, ARGV[1])
ring(KEYS[2], due)
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.pcall('HINCRBY', KEYS[5], 'received', 1)
if not waits then queue_job(KEYS[12], KEYS[13], KEYS[14], ARGV[9], ARGV[10], ARGV[11]) end
return 1
