-- Change an entry, and queue the job that follows; returns 1, or 2 when nothing could be counted; or 0 when it has to be
-- decided anew: another process was faster, Redis is another one, or its clock is not where it was thought to be.
-- KEYS those of write_entry, line, metrics, public, those of the job if there is one (RQ's queues, the queue, the job),
-- clock
-- ARGV those of write_entry, its place in the line or '', the new state, whether its note `became` public, is `left` so,
-- or neither (''), when that was noticed, in which run of Redis that was, the job's id or '', what it calls, when it is
-- queued, how many seconds late this may be, and what is to be counted: a name and a number each
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
-- include now
-- include run
-- include ring
if run ~= ARGV[11] or now < tonumber(ARGV[10]) or now > ARGV[10] + ARGV[15] then return 0 end
-- include write_entry
if ARGV[7] == '' then redis.call('ZREM', KEYS[5], ARGV[1]) else redis.call('ZADD', KEYS[5], ARGV[7], ARGV[1]) end
if KEYS[3] ~= KEYS[4] then redis.pcall('HINCRBY', KEYS[6], 'entered:' .. ARGV[8], 1) end
if ARGV[9] ~= '' then redis.call('ZADD', KEYS[7], 'NX', ARGV[10], ARGV[1]) end
if ARGV[9] == 'became' then redis.pcall('HINCRBY', KEYS[6], 'public', 1) end
-- include queue_job
if ARGV[12] ~= '' then queue_job(KEYS[8], KEYS[9], KEYS[10], ARGV[12], ARGV[13], ARGV[14]) end
for name = 16, #ARGV, 2 do
  if type(redis.pcall('HINCRBY', KEYS[6], ARGV[name], ARGV[name + 1])) == 'table' then return 2 end
end
return 1
