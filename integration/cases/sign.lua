-- A case met a sign of trouble; returns the case that met it before or '', and when the service last did what was asked.
-- KEYS lane
-- ARGV sign, case
local before = redis.call('HGET', KEYS[1], ARGV[1]) or ''
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return {before, redis.call('HGET', KEYS[1], 'accepted_at') or '0'}
