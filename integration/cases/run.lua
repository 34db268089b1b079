-- A part: `run`, which run of Redis this is. When it is another one, Redis crashed or handed over to a replica, and may
-- have lost its last second. The number of clock jumps is part of it: after one, stored times say nothing any more.
-- KEYS[#KEYS] clock
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local jumps = redis.call('GET', KEYS[#KEYS])
if jumps then run = run .. ':' .. jumps end
