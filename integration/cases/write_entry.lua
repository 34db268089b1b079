-- A part: write an entry and its indexes.
-- KEYS case, due, old state, new state
-- ARGV case, old entry, new entry, due or '', entered at, seconds that it is kept or 0
-- expects `ring`
redis.call('SET', KEYS[1], ARGV[3])
if ARGV[6] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[6]) end
if ARGV[4] == '' then redis.call('ZREM', KEYS[2], ARGV[1]) else redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1]) end
if ARGV[4] ~= '' then ring(KEYS[2], ARGV[4]) end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
