-- Change an entry; returns 1, or 0 when another process was faster.
-- KEYS those of write_entry, line, metrics, public
-- ARGV those of write_entry, its place in the line or '', the new state, whether its note `became` public, is `left` so,
-- or neither (''), when that was noticed
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
-- include ring
-- include write_entry
if ARGV[7] == '' then redis.call('ZREM', KEYS[5], ARGV[1]) else redis.call('ZADD', KEYS[5], ARGV[7], ARGV[1]) end
if KEYS[3] ~= KEYS[4] then redis.pcall('HINCRBY', KEYS[6], 'entered:' .. ARGV[8], 1) end
if ARGV[9] ~= '' then redis.call('ZADD', KEYS[7], 'NX', ARGV[10], ARGV[1]) end
if ARGV[9] == 'became' then redis.pcall('HINCRBY', KEYS[6], 'public', 1) end
return 1
