"""The ledger's Lua: each script runs in Redis as one step, by Redis' own clock."""

from __future__ import annotations

from typing import Final

from integration.cases import counters, lanes

# Another run id tells that Redis crashed or handed over to a replica, and may have lost its last second; how often its
# clock was seen to jump, that the times of before are another clock's.
# KEYS[#KEYS] clock
_RUN = """
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%x+)') or ''
local jumps = redis.call('GET', KEYS[#KEYS])
if jumps then run = run .. ':' .. jumps end
"""

LATE_SECONDS: Final = 30 * 60  # from a ticket's creation to its delivery; and what two clocks may differ by
EARLY_SECONDS: Final = 10 * 60  # that a desk's clock may be ahead of Redis'

_NOW = """
local time = redis.call('TIME')
local now = time[1] .. '.' .. string.format('%06d', time[2])
"""


def _notice(*, received: int, run: int, lost: int, done: int, lock: int) -> str:
    """Notice that Redis is another run than before, or that its clock has jumped, or that it was emptied.

    What is lost then are the writes after some moment. So all that was created since the newest time that has survived,
    of the ticket that came last or of the last look for missed tickets, has to be looked through: `lost` says from when
    until when, and recovery's lock is taken away, so that this is done at once. The numbers are those of the keys;
    expects `run` and `now`.
    """
    return f"""
if redis.call('GET', KEYS[{run}]) ~= run then
  local latest = redis.call('ZRANGE', KEYS[{received}], -1, -1, 'WITHSCORES')
  local kept = math.max(tonumber(latest[2] or 0), tonumber(redis.call('GET', KEYS[{done}]) or 0))
  local since = math.floor(math.min(kept, tonumber(now))) - {LATE_SECONDS}
  local till = math.ceil(math.max(kept, tonumber(now))) + {EARLY_SECONDS}
  local earlier = redis.call('HMGET', KEYS[{lost}], 'since', 'until')
  if earlier[1] then
    since = math.min(since, tonumber(earlier[1]))
    till = math.max(till, tonumber(earlier[2]))
  end
  redis.call('HSET', KEYS[{lost}], 'since', since, 'until', till)
  redis.call('SET', KEYS[{run}], run)
  redis.call('DEL', KEYS[{lock}])
end
"""


# KEYS received, run, lost, done, lock, clock
NOTICE: Final = f"{_RUN}{_NOW}{_notice(received=1, run=2, lost=3, done=4, lock=5)}return run"

# What a look for missed tickets has brought counts while Redis is the run that it was when the look began: another may
# have lost the tickets that were taken in.
# KEYS run, done, lost, clock; ARGV run; done or ''; since and until of what was looked through, or '' and ''; and since
# when it has to be looked through again, or ''
LOOKED: Final = f"""
{_RUN}
if run ~= ARGV[1] or redis.call('GET', KEYS[1]) ~= run then return 0 end
if ARGV[2] ~= '' then redis.call('SET', KEYS[2], ARGV[2]) end
local lost = redis.call('HMGET', KEYS[3], 'since', 'until')
if lost[1] == ARGV[3] and lost[2] == ARGV[4] then
  if ARGV[5] == '' then redis.call('DEL', KEYS[3]) else redis.call('HSET', KEYS[3], 'since', ARGV[5]) end
end
return 1
"""

# What is remembered of a ticket that is known: nothing when Redis has lost its entry meanwhile.
# KEYS what is remembered, case, forgotten; ARGV case, what to remember, seconds
REMEMBER: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 or redis.call('ZSCORE', KEYS[3], ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""

REMEMBERED_SECONDS: Final = 365 * 24 * 60 * 60  # the ids of erased tickets, and the newest ids
REMEMBERED: Final = 100_000  # erased tickets

# Some desks number cases as they are created. One whose number is not above all that came until an hour ago, or that
# came itself, was here before when its entry is gone: it has expired, and its note may be there.
# KEYS[4] received, KEYS[7] newest of the desk; ARGV[1] case, ARGV[4] its number or ''; expects `now`; numbers are
# compared as texts, for they are long
_MAY_HAVE_ITS_NOTE = f"""
local function above(one, other) return #one > #other or (#one == #other and one > other) end
local was_here = redis.call('ZSCORE', KEYS[4], ARGV[1])
if ARGV[4] ~= '' then
  local newest, since, before = unpack(redis.call('HMGET', KEYS[7], 'id', 'since', 'before'))
  if not since or now - since > 3600 or now - since < 0 then
    before = newest or before
    redis.call('HSET', KEYS[7], 'since', now, 'before', before or '0')
  end
  was_here = was_here or (before and not above(ARGV[4], before))
  if not was_here and (not newest or above(ARGV[4], newest)) then
    redis.call('HSET', KEYS[7], 'id', ARGV[4])
    redis.call('EXPIRE', KEYS[7], {REMEMBERED_SECONDS})
  end
end
"""

# KEYS case, due, state:received, received, metrics, forgotten, newest, run, lost, done, lock, clock
# ARGV case, entry without its times, seconds until the job is lost, the case's number or ''
_TAKE_IN = f"""
if redis.call('EXISTS', KEYS[1]) == 1 or redis.call('ZSCORE', KEYS[6], ARGV[1]) then return 0 end
{_MAY_HAVE_ITS_NOTE}
local times = '{{"received_at":' .. now .. ',"entered_at":' .. now .. ',"history":[[' .. now .. ',"received"]],'
if was_here then times = times .. '"recovered":true,' end
redis.call('SET', KEYS[1], times .. '"redis_run":"' .. run .. '",' .. string.sub(ARGV[2], 2))
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('ZADD', KEYS[4], now, ARGV[1])
"""
_COUNT_RECEIVED = f"""
redis.pcall('HINCRBY', KEYS[5], '{counters.RECEIVED}', 1)
return 1
"""
_NOTICE_BEFORE = _notice(received=4, run=8, lost=9, done=10, lock=11)  # a new ticket would pass for a surviving one
RECEIVE: Final = f"{_RUN}{_NOW}{_NOTICE_BEFORE}{_TAKE_IN}{_COUNT_RECEIVED}"

# KEYS case, clock
READ: Final = f"""
{_RUN}
local time = redis.call('TIME')
return {{redis.call('GET', KEYS[1]), time[1], time[2], run}}
"""

# KEYS case, due, old state, new state; ARGV case, old entry, new entry, due or '', entered at, ttl or 0
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
if KEYS[3] ~= KEYS[4] then redis.pcall('HINCRBY', KEYS[6], '{counters.ENTERED}' .. ARGV[8], 1) end
"""
# KEYS case, forgotten, the indexes; ARGV case
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
if ARGV[9] == 'became' then redis.pcall('HINCRBY', KEYS[6], '{counters.PUBLIC_NOTES}', 1) end
"""
CHANGE: Final = f"{_UNCHANGED}{_WRITE}{_LINE}{_COUNT_ENTERED}{_TELL_PUBLIC}return 1"
CLAIM: Final = f"{_UNCHANGED}{lanes.NOW}{lanes.ADMISSION}{_WRITE}return 1"
