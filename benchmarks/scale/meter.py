"""What a piece of work costs: commands of Redis, bytes, processor time of Redis and of ours; not how long it waited."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from redis import Redis

_SLOW: Final = 100  # microseconds: what is faster holds nobody up
_OWN: Final = ("cmdstat_info", "cmdstat_slowlog|get", "cmdstat_slowlog|reset", "cmdstat_config|set")


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one piece of work. Times are in microseconds."""

    commands: float  # those inside of scripts, too
    bytes: float  # to Redis and from it
    redis: float  # its processor time
    own: float  # ours
    longest: float  # the longest command: for that long nobody else was served

    def of(self, pieces: int) -> Cost:
        """Of one of so many pieces."""
        shared = {field.name: getattr(self, field.name) / pieces for field in fields(self) if field.name != "longest"}
        return Cost(**shared, longest=self.longest)


class Meter:
    """Looks at a Redis before and after some work that nobody else does meanwhile."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(redis_url)  # its own: nothing of its is counted twice
        self._redis.config_set("slowlog-log-slower-than", _SLOW)
        self._redis.config_set("slowlog-max-len", 10_000)

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()

    def of(self, work: Callable[[], object], *, pieces: int = 1) -> Cost:
        """What the work costs, by the piece."""
        looks = self._cost(lambda: None)  # what it costs to look
        whole = self._cost(work)
        left = {name: getattr(whole, name) - getattr(looks, name) for name in ("commands", "bytes", "redis", "own")}
        return Cost(**left, longest=whole.longest).of(pieces)

    def _cost(self, work: Callable[[], object]) -> Cost:
        self._redis.slowlog_reset()
        before, own = self._counts(), time.process_time()
        work()
        own = time.process_time() - own
        after = self._counts()
        commands, traffic, processor = (late - early for early, late in zip(before, after, strict=True))
        slow = self._redis.slowlog_get(10_000)
        ours = (b"INFO", b"SLOWLOG", b"CONFIG")
        longest = max((entry["duration"] for entry in slow if not entry["command"].startswith(ours)), default=0)
        return Cost(
            commands=commands,
            bytes=traffic,
            redis=processor * 1e6,
            own=own * 1e6,
            longest=longest,
        )

    def _counts(self) -> tuple[float, float, float]:
        """Commands, bytes and seconds of processor time so far."""
        told = self._redis.info("commandstats", "stats", "cpu")
        calls = sum(value["calls"] for name, value in told.items() if name.startswith("cmdstat_") and name not in _OWN)
        traffic = told["total_net_input_bytes"] + told["total_net_output_bytes"]
        return calls, traffic, told["used_cpu_user"] + told["used_cpu_sys"]


def median(costs: list[Cost]) -> Cost:
    """The median of each figure, and the longest command of all."""
    middle = {field.name: statistics.median(getattr(cost, field.name) for cost in costs) for field in fields(Cost)}
    return Cost(**{**middle, "longest": max(cost.longest for cost in costs)})
