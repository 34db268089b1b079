"""The ledger's Lua: each script runs in Redis as one step, by Redis' own clock."""

from __future__ import annotations

from typing import Final

from integration import lanes, tally

# Another run id tells that Redis crashed or handed over to a replica, and may have lost its last second.
_RUN = """
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
"""

# KEYS ticket, due, state:received, received, metrics
# ARGV ticket id, entry without its times, seconds until the job is lost
_TAKE_IN = """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
local times = '{"received_at":' .. now .. ',"entered_at":' .. now .. ',"history":[[' .. now .. ',"received"]],'
redis.call('SET', KEYS[1], times .. '"redis_run":"' .. run .. '",' .. string.sub(ARGV[2], 2))
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('ZADD', KEYS[4], now, ARGV[1])
"""
_COUNT_RECEIVED = f"""
redis.pcall('HINCRBY', KEYS[5], '{tally.RECEIVED}', 1)
return 1
"""
RECEIVE: Final = f"{_RUN}{_TAKE_IN}{_COUNT_RECEIVED}"

# KEYS ticket
READ: Final = f"""
{_RUN}
local time = redis.call('TIME')
return {{redis.call('GET', KEYS[1]), time[1], time[2], run}}
"""

# KEYS ticket, due, old state, new state; ARGV ticket id, old entry, new entry, due or '', entered at, ttl or 0
_UNCHANGED = """
if redis.call('GET', KEYS[1]) ~= ARGV[2] then return 0 end
"""
_WRITE = """
redis.call('SET', KEYS[1], ARGV[3])
if ARGV[6] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[6]) end
if ARGV[4] == '' then redis.call('ZREM', KEYS[2], ARGV[1]) else redis.call('ZADD', KEYS[2], ARGV[4], ARGV[1]) end
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
"""

# KEYS[5] line; ARGV[7] the ticket's place in the line or ''
_LINE = """
if ARGV[7] == '' then redis.call('ZREM', KEYS[5], ARGV[1]) else redis.call('ZADD', KEYS[5], ARGV[7], ARGV[1]) end
"""
# KEYS[6] metrics; ARGV[8] the new state
_COUNT_ENTERED = f"""
if KEYS[3] ~= KEYS[4] then redis.pcall('HINCRBY', KEYS[6], '{tally.ENTERED}' .. ARGV[8], 1) end
"""
CHANGE: Final = f"{_UNCHANGED}{_WRITE}{_LINE}{_COUNT_ENTERED}return 1"
CLAIM: Final = f"{_UNCHANGED}{lanes.NOW}{lanes.ADMISSION}{_WRITE}return 1"
