-- Write down what a look for missed cases has brought. It counts while Redis is the run that it was when the look began:
-- another may have lost the cases that were taken in.
-- KEYS run, done, lost, clock
-- ARGV run; done or ''; since and until of what was looked through, or '' and ''; and since when it has to be looked
-- through again, or ''
-- include run
if run ~= ARGV[1] or redis.call('GET', KEYS[1]) ~= run then return 0 end
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2]) end
local lost = redis.call('HMGET', KEYS[3], 'since', 'until')
if lost[1] == ARGV[3] and lost[2] == ARGV[4] then
  if ARGV[5] == '' then redis.call('DEL', KEYS[3]) else redis.call('HSET', KEYS[3], 'since', ARGV[5]) end
end
return 1
