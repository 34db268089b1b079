"""The two remote services' lanes: when the next ticket may go, for all workers of all machines together.

    <prefix>:lane:<service>     open_at: nobody goes before (Unix seconds of Redis' clock)
                                interval: seconds between two notes
                                hold, held_since, holds: why our credentials are refused, since when, how often asked
    <prefix>:line               tickets whose note is ready to go, by the time at which it became ready
    <prefix>:asked              the requests made to LogRocket in the last hour, by time

A lane that is closed costs a ticket nothing: no attempt is counted, and its place in the line is kept. Nobody sleeps.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, cast

from redis import Redis

from integration.entry import State
from integration.keys import Keys
from integration.zendesk.limits import DEFAULT_INTERVAL, Pace

HOLD_SECONDS: Final = 60.0  # the longest time between two tries with credentials that were refused
_BURST_SECONDS: Final = 0.5  # tickets this close together may pass each other


class Service(enum.StrEnum):
    """A remote service, by the name that our errors give it."""

    ZENDESK = "Zendesk"
    LOGROCKET = "LogRocket"


# Part of the script that writes a claim; expects `time` and `now`; refuses by returning the time to come again.
# KEYS[5] lane, KEYS[6] line or asked; ARGV[7] what passes: note, request or poll; ARGV[8] default interval or ceiling;
# ARGV[9] seconds within which notes may pass each other
ADMISSION: Final = """
local open_at = tonumber(redis.call('HGET', KEYS[5], 'open_at') or '0')
if now < open_at then return tostring(open_at) end
if ARGV[7] == 'note' then
  local interval = tonumber(redis.call('HGET', KEYS[5], 'interval') or ARGV[8])
  local rank = redis.call('ZRANK', KEYS[6], ARGV[1])
  if rank and rank > 0 and rank * interval > tonumber(ARGV[9]) then return tostring(now + interval) end
  redis.call('ZREM', KEYS[6], ARGV[1])
  redis.call('HSET', KEYS[5], 'open_at', string.format('%.6f', now + interval))
elseif ARGV[7] == 'request' then
  redis.call('ZREMRANGEBYSCORE', KEYS[6], '-inf', now - 3600)
  if redis.call('ZCARD', KEYS[6]) >= tonumber(ARGV[8]) then
    local oldest = redis.call('ZRANGE', KEYS[6], 0, 0, 'WITHSCORES')
    return tostring(oldest[2] + 3600)
  end
  redis.call('ZADD', KEYS[6], now, ARGV[1] .. ':' .. time[1] .. time[2])
  redis.call('EXPIRE', KEYS[6], 3600)
end
"""

# KEYS lane; ARGV reason, first delay, longest delay; returns the delay
_HOLD = """
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local holds = redis.call('HINCRBY', KEYS[1], 'holds', 1)
local delay = math.min(tonumber(ARGV[3]), tonumber(ARGV[2]) * 2 ^ math.min(holds - 1, 20))
redis.call('HSETNX', KEYS[1], 'held_since', string.format('%.3f', now))
redis.call('HSET', KEYS[1], 'hold', ARGV[1], 'open_at', string.format('%.6f', now + delay))
return tostring(delay)
"""

# KEYS lane; ARGV seconds, interval or ''; an opening is only ever moved later
_OPEN_IN = """
local time = redis.call('TIME')
local at = tonumber(time[1]) + tonumber(time[2]) / 1000000 + tonumber(ARGV[1])
if ARGV[2] ~= '' then redis.call('HSET', KEYS[1], 'interval', ARGV[2]) end
if at > tonumber(redis.call('HGET', KEYS[1], 'open_at') or '0') then
  redis.call('HSET', KEYS[1], 'open_at', string.format('%.6f', at))
end
"""


@dataclass(frozen=True, kw_only=True)
class Hold:
    """A lane that waits for an admin."""

    service: Service
    reason: str
    since: float


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """When the lanes are open, and how much may go. Times are Unix seconds of Redis' clock."""

    now: float
    notes_at: float
    interval: float
    requests_at: float
    free_requests: int

    @property
    def free_notes(self) -> int:
        """How many notes may be queued at once."""
        if self.notes_at > self.now:
            return 0
        return 1 + min(int(_BURST_SECONDS / max(self.interval, 1e-6)), 100)


class Lanes:
    """The lanes as Redis has them."""

    def __init__(self, redis: Redis, *, keys: Keys, requests_per_hour: int, backoff: float) -> None:
        self._redis = redis
        self._keys = keys
        self._ceiling = requests_per_hour
        self._backoff = backoff

    def hold(self, service: Service, reason: str) -> float:
        """Close a lane because our credentials are refused; the seconds until the next try."""
        arguments = (reason, self._backoff, HOLD_SECONDS)
        return float(cast("bytes", self._redis.eval(_HOLD, 1, self._keys.lane(service), *map(str, arguments))))

    def answered(self, service: Service, pace: Pace | None) -> bool:
        """A request was taken: our credentials are fine, and the answer may say how fast to go on.

        Whether that ends a hold.
        """
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hdel(self._keys.lane(service), "hold", "held_since", "holds")
            if pace is not None:
                pipe.eval(_OPEN_IN, 1, self._keys.lane(service), str(pace.pause), str(pace.interval))
            return bool(pipe.execute()[0])

    def pause(self, service: Service, seconds: float) -> None:
        """Close a lane for a time because the service said that we come too often."""
        self._redis.eval(_OPEN_IN, 1, self._keys.lane(service), str(seconds), "")

    def outlook(self) -> Outlook:
        """What may go now."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.time()
            pipe.hmget(self._keys.lane(Service.ZENDESK), "open_at", "interval")
            pipe.hmget(self._keys.lane(Service.LOGROCKET), "open_at", "hold")
            pipe.zcount(self._keys.asked, "-inf", "+inf")
            (seconds, microseconds), zendesk, logrocket, asked = pipe.execute()
        free = 1 if logrocket[1] is not None else self._ceiling - asked
        return Outlook(
            now=seconds + microseconds / 1e6,
            notes_at=float(zendesk[0] or 0),
            interval=float(zendesk[1] or DEFAULT_INTERVAL),
            requests_at=float(logrocket[0] or 0),
            free_requests=max(free, 1),  # one at least finds out when the next may go
        )

    def forget(self, ticket_id: int) -> int:
        """Take a ticket out of the record of requests; how many there were."""
        own = [
            each for each in cast("list[bytes]", self._redis.zrange(self._keys.asked, 0, -1)) if _is_of(each, ticket_id)
        ]
        return self._redis.zrem(self._keys.asked, *own) if own else 0

    def passing(self, state: State) -> tuple[list[str], list[str]]:
        """The keys and arguments that `ADMISSION` needs for a step."""
        match state:
            case State.READY:
                return [self._keys.lane(Service.ZENDESK), self._keys.line], [
                    "note",
                    str(DEFAULT_INTERVAL),
                    str(_BURST_SECONDS),
                ]
            case State.RECEIVED:
                return [self._keys.lane(Service.LOGROCKET), self._keys.asked], ["request", str(self._ceiling), ""]
            case _:
                return [self._keys.lane(Service.LOGROCKET), self._keys.asked], ["poll", "", ""]

    def holds(self) -> list[Hold]:
        """The lanes that wait for an admin."""
        found = []
        for service in Service:
            lane = cast("dict[bytes, bytes]", self._redis.hgetall(self._keys.lane(service)))
            if b"hold" in lane:
                found.append(Hold(service=service, reason=lane[b"hold"].decode(), since=float(lane[b"held_since"])))
        return found


def _is_of(asked: bytes, ticket_id: int) -> bool:
    return asked.partition(b":")[0] == str(ticket_id).encode()
