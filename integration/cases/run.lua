-- A part: `run`, which run of Redis this is. When it is another one, Redis crashed or handed over to a replica, and may
-- have lost its last second. The number of clock jumps is part of it: after one, stored times say nothing any more. It
-- is the beginning of Redis' own name for it, which stands in every entry: one in 280 million million is the same.
-- KEYS[#KEYS] clock
local info = redis.pcall('INFO', 'server')
local run = string.sub(type(info) == 'string' and string.match(info, 'run_id:(%x+)') or '', 1, 12)
local jumps = redis.call('GET', KEYS[#KEYS])
if jumps then run = run .. ':' .. jumps end
