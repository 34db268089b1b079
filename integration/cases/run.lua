-- A part: `run`, which run of Redis this is. Another one tells that Redis crashed or handed over to a replica, and may
-- have lost its last second; how often its clock was seen to jump, that the times of before are another clock's.
-- KEYS[#KEYS] clock
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local jumps = redis.call('GET', KEYS[#KEYS])
if jumps then run = run .. ':' .. jumps end
