"""The ledger's Lua: each script runs in Redis as one step, by Redis' own clock."""

from __future__ import annotations

from typing import Final

from integration import lanes, tally

# Another run id tells that Redis crashed or handed over to a replica, and may have lost its last second.
_RUN = """
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
"""

REMEMBERED_SECONDS: Final = 365 * 24 * 60 * 60  # the ids of erased tickets, and the newest ids
REMEMBERED: Final = 100_000  # erased tickets

# Zendesk numbers tickets as they are created. One whose number is not above all that came until an hour ago, or that
# came itself, was here before when its entry is gone: it has expired, and its note may be there.
# KEYS[4] received, KEYS[7] newest; ARGV[1] ticket id; expects `now`; numbers are compared as texts, for they are long
_MAY_HAVE_ITS_NOTE = f"""
local function above(one, other) return #one > #other or (#one == #other and one > other) end
local newest, since, before = unpack(redis.call('HMGET', KEYS[7], 'id', 'since', 'before'))
if not since or now - since > 3600 or now - since < 0 then
  before = newest or before
  redis.call('HSET', KEYS[7], 'since', now, 'before', before or '0')
end
local was_here = redis.call('ZSCORE', KEYS[4], ARGV[1]) or (before and not above(ARGV[1], before))
if not was_here and (not newest or above(ARGV[1], newest)) then
  redis.call('HSET', KEYS[7], 'id', ARGV[1])
  redis.call('EXPIRE', KEYS[7], {REMEMBERED_SECONDS})
end
"""

# KEYS ticket, due, state:received, received, metrics, forgotten, newest
# ARGV ticket id, entry without its times, seconds until the job is lost
_TAKE_IN = f"""
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('ZSCORE', KEYS[6], ARGV[1]) then return 0 end
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
{_MAY_HAVE_ITS_NOTE}
local times = '{{"received_at":' .. now .. ',"entered_at":' .. now .. ',"history":[[' .. now .. ',"received"]],'
if was_here then times = times .. '"recovered":true,' end
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
# KEYS ticket, forgotten, the indexes; ARGV ticket id
FORGET: Final = f"""
local erased = redis.call('DEL', KEYS[1])
for n = 3, #KEYS do erased = erased + redis.call('ZREM', KEYS[n], ARGV[1]) end
if erased > 0 then
  local now = redis.call('TIME')[1]
  redis.call('ZADD', KEYS[2], now, ARGV[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - {REMEMBERED_SECONDS})
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -{REMEMBERED + 1})
  redis.call('EXPIRE', KEYS[2], {REMEMBERED_SECONDS})
end
return erased
"""
# KEYS[7] public; ARGV[9] whether its note `became` public, is `left` so, or neither; ARGV[10] when that was noticed
_TELL_PUBLIC = f"""
if ARGV[9] ~= '' then redis.call('ZADD', KEYS[7], 'NX', ARGV[10], ARGV[1]) end
if ARGV[9] == 'became' then redis.pcall('HINCRBY', KEYS[6], '{tally.PUBLIC_NOTES}', 1) end
"""
CHANGE: Final = f"{_UNCHANGED}{_WRITE}{_LINE}{_COUNT_ENTERED}{_TELL_PUBLIC}return 1"
CLAIM: Final = f"{_UNCHANGED}{lanes.NOW}{lanes.ADMISSION}{_WRITE}return 1"
