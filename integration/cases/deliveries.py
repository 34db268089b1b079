"""What became of deliveries at the web's endpoints for services: which were verified or refused, and why.

    <prefix>:doors      `<endpoint>:genuine`: when a delivery was last verified; `<endpoint>:mixed`: when one was
                        refused after one that was verified after one that was refused; `<endpoint>:<reason>:since`,
                        `:last`, `:count`: refusals in a row, after the last one that was verified
    <prefix>:refused    `<hour>:<endpoint>:<reason>:<status>` by the time of the last refusal of that hour
    <prefix>:refused:n  how many there were

An endpoint is called as its service is (`integration.cases.steps.Routes.endpoints`).

Anybody may send anything: what is refused is counted in this process, and written together at most once a second by a
thread of its own, on the pages' connection. No delivery waits for it. All names are of closed lists, so that neither
memory nor Redis grows; while Redis is away the counts are kept here.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError

from integration import logs
from integration.cases import counters, scripts
from integration.cases.keys import Keys
from integration.cases.situation import Door, Refused, Seen
from integration.ports import Service
from integration.settings import Settings

WRITE_SECONDS: Final = 1.0  # between two writes,
AWAY_SECONDS: Final = 5.0  # and when Redis cannot be used
GENUINE_SECONDS: Final = 10.0  # a delivery that is verified is written down this often
KEPT: Final = 200  # hours of a reason that are listed
KEPT_SECONDS: Final = 7 * 24 * 60 * 60

log = logs.get(__name__)


REASONS: Final = {
    "no_secret": "no signing secret is set",
    "unsigned": "not signed, or not as it should be",
    "wrong_signature": "signed with another secret",
    "out_of_date": "signed too long ago, or by another clock",
    "unusable": "genuine, but unusable",
    "broken_off": "broken off",
    "too_large": "too large",
    "too_slow": "too slow, or gave way to others",
    "redis": "Redis could not be used",
    "internal": "an error of our own: the log says which",
}

_WRITE: Final = scripts.load("refuse")

_What = tuple[str, str, int]  # endpoint, reason, status


@dataclass(kw_only=True)
class _Times:
    """How many, and when the first and the last of them came, by a clock that never jumps."""

    count: int
    first: float
    last: float


class Deliveries:
    """What the endpoints of this process saw, until it is written; each is one of `endpoints`."""

    def __init__(self, redis: Redis, keys: Keys, endpoints: Collection[str]) -> None:
        self._redis, self._keys = redis, keys
        self._endpoints = frozenset(endpoints)
        self._lock = threading.Lock()
        self._seen: dict[_What, _Times] = {}
        self._genuine: dict[str, float] = {}
        self._writing = False
        self._closed = threading.Event()

    def close(self) -> None:
        """Write nothing any more."""
        self._closed.set()

    def refused(self, endpoint: str, reason: str, status: int) -> None:
        """A delivery was refused, or put off; returns at once."""
        self._add((endpoint, reason if reason in REASONS else "internal", status))

    def verified(self, endpoint: str) -> None:
        """A delivery was genuine; returns at once."""
        now = time.monotonic()
        if now - self._genuine.get(endpoint, -math.inf) >= GENUINE_SECONDS:  # a refusal in between forgets the last one
            self._genuine[endpoint] = now
            self._add((endpoint, "", 0))

    def _add(self, what: _What) -> None:
        if what[0] not in self._endpoints:
            raise ValueError("none of the endpoints that are counted")
        now = time.monotonic()
        with self._lock:
            times = self._seen.setdefault(what, _Times(count=0, first=now, last=now))
            times.count, times.last = times.count + 1, now
            if what[1]:
                self._genuine.pop(what[0], None)
            if self._writing:
                return
            self._writing = True
        try:
            threading.Thread(target=self._write_out, daemon=True, name="deliveries").start()
        except RuntimeError:  # no thread can be started now: the next one tries again
            self._writing = False

    def _write_out(self) -> None:
        """Write until nothing is left."""
        while not self._closed.wait(WRITE_SECONDS):
            with self._lock:
                seen, self._seen = self._seen, {}
                if not seen:
                    self._writing = False
                    return
            try:
                self._write(seen)
            except Exception as error:  # counting goes on, whatever happens; what is no surprise is told quietly
                if not isinstance(error, RedisError):
                    log.exception("refusals cannot be written, tried again")
                log.debug("refusals are written later", error=type(error).__name__)
                self._take_back(seen)
                self._closed.wait(AWAY_SECONDS)

    def _write(self, seen: Mapping[_What, _Times]) -> None:
        now, keys = time.monotonic(), self._keys
        names = (keys.doors, keys.metrics, keys.refused, keys.refused_numbers)
        with self._redis.pipeline(transaction=True) as pipe:
            for (endpoint, reason, status), times in sorted(seen.items(), key=lambda each: each[1].last):
                ages = [f"{now - at:.3f}" for at in (times.first, times.last)]
                arguments = (endpoint, reason, status, times.count, *ages, KEPT_SECONDS, KEPT)
                pipe.eval(_WRITE, len(names), *names, *map(str, arguments))
            pipe.execute()

    def _take_back(self, seen: Mapping[_What, _Times]) -> None:
        with self._lock:
            for what, times in seen.items():
                newer = self._seen.get(what)
                if newer is None:
                    self._seen[what] = times
                else:
                    newer.count, newer.first = newer.count + times.count, times.first


# -- Read again


@dataclass(frozen=True, kw_only=True)
class Refusals:
    """Refusals at one endpoint for one reason within one hour; `last` is Unix seconds."""

    endpoint: str
    reason: str
    status: int
    count: int
    last: float

    @property
    def why(self) -> str:
        """The reason in words."""
        return REASONS[self.reason]


def ask(pipe: Pipeline, keys: Keys, most: int) -> None:
    """Put into a pipeline what `listed` reads."""
    pipe.zrevrange(keys.refused, 0, most - 1, withscores=True)
    pipe.hgetall(keys.refused_numbers)


def listed(
    members: Sequence[tuple[bytes, float]], numbers: Mapping[bytes, bytes], *, endpoints: Collection[str]
) -> list[Refusals]:
    """The latest refusals, newest first; what another release wrote, of endpoints of its own, is passed over."""
    return [
        refusals
        for member, last in members
        for refusals in _listed(member, last, numbers.get(member, b"0"))
        if refusals.endpoint in endpoints
    ]


def _listed(member: bytes, last: float, number: bytes) -> Iterator[Refusals]:
    match member.decode("utf-8", "replace").split(":"):
        case [_, endpoint, reason, status] if reason in REASONS and status.isdecimal():
            yield Refusals(endpoint=endpoint, reason=reason, status=int(status), count=int(number), last=last)


def doors_of(stored: Mapping[bytes, bytes], services: Iterable[Service], settings: Settings) -> dict[str, Door]:
    """The doors of services, with what each saw, by endpoint."""
    return {
        service.endpoint: Door(
            service=service.name,
            signing=service.signing,
            has_secret=service.door(settings).has_secret,
            seen=seen_at(stored, service.endpoint),
        )
        for service in services
        if service.door is not None and service.signing is not None
    }


def seen_at(stored: Mapping[bytes, bytes], endpoint: str) -> Seen:
    """What one endpoint saw."""

    def at(what: str) -> float | None:
        value = stored.get(f"{endpoint}:{what}".encode())
        return None if value is None else float(value)

    refused = {}
    for reason in REASONS:
        since, last, count = (at(f"{reason}:{what}") for what in ("since", "last", "count"))
        if since is not None and last is not None:
            refused[reason] = Refused(since=since, last=last, count=int(count or 1))
    return Seen(genuine=at("genuine"), mixed=at("mixed"), refused=refused)


def counted(stored: Mapping[bytes, Any], *, endpoints: Iterable[str]) -> dict[tuple[str, str], int]:
    """How many deliveries each endpoint ever refused, by reason: all of them, so that a rate can be taken."""
    counts = {name.decode("utf-8", "replace"): int(value) for name, value in stored.items()}
    return {
        (endpoint, reason): counts.get(f"{counters.REFUSED}{endpoint}:{reason}", 0)
        for endpoint in endpoints
        for reason in REASONS
    }
