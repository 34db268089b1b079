"""The worker's own recovery: every ten minutes, one worker of all machines looks for missed cases.

When some were found, more may follow, and one that was stopped is to come to its end: the next look comes sooner then.
When Redis may have lost some, one looks at once: who notices that takes the lock away (integration.cases.lost_writes).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

from redis import Redis
from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from integration import logs, services
from integration.cases import connections, owner
from integration.cases.ledger import Ledger
from integration.cases.lost_writes import LostWrites
from integration.cases.recovery import Recovered
from integration.settings import Settings

INTERVAL_SECONDS: Final = 600  # between two readings, by whomever: who reads gives no lock back, it expires
AGAIN_SECONDS: Final = 60  # until the next one, when some were missed or this one was stopped
LONGEST_SECONDS: Final = 480.0  # shorter than the lock lasts
TURN_SECONDS: Final = 540  # after which a reading is broken off in the middle of an answer that drips
FIRST_SECONDS: Final = 5.0  # after the start, soon: a worker that is killed again and again has to get there, too
LOOK_SECONDS: Final = 25.0  # between two looks at the lock

log = logs.get(__name__)


def run(settings: Settings, supervisor_pid: int) -> None:
    """Recover now and then for as long as the supervisor lives."""
    redis = connections.for_worker(settings)
    ledger = services.open_ledger(settings, redis)
    turns = Turns(settings, ledger, redis, alive=lambda: os.getppid() == supervisor_pid)
    if not _pause(FIRST_SECONDS, turns.alive):
        return
    while turns.alive():
        take_in_time(turns)
        _pause(LOOK_SECONDS, turns.alive)


def take_in_time(turns: Turns, *, seconds: int = TURN_SECONDS) -> None:
    """Take a turn that ends within `seconds`, and raise nothing but `RefusedRedisError`."""
    try:
        with UnixSignalDeathPenalty(seconds, JobTimeoutException):  # type: ignore[no-untyped-call]  # RQ has no types
            turns.take()
    except JobTimeoutException:
        log.warning("looking for tickets that may be missing takes too long, tried again later")
    except owner.RefusedRedisError:  # it ends the worker
        raise
    except RedisError as error:
        log.warning("recovery cannot use Redis, goes on", error=type(error).__name__)


class Turns:
    """One worker's share of the readings."""

    def __init__(self, settings: Settings, ledger: Ledger, redis: Redis, *, alive: Callable[[], bool]) -> None:
        self.alive = alive
        self._ledger = ledger
        self._redis = redis
        self._keys = settings.keys
        self._recoveries = services.recoveries(settings, ledger, redis, wait=self._wait)
        self._lost = LostWrites(redis, settings.keys, desks=self._recoveries)
        self._stop_at = 0.0
        self._said: dict[str, str | None] = {}
        self._said_until: float | None = None

    def take(self) -> dict[str, Recovered] | None:
        """Look for missed cases, a desk after another, when it is time and nobody else does; None when not."""
        self._lost.notice()
        if not self._redis.set(self._keys.recovery_lock, f"{os.getpid()}", nx=True, ex=INTERVAL_SECONDS):
            return None
        self._stop_at = time.monotonic() + LONGEST_SECONDS
        self._tell_lost()
        taken = {}
        for desk, recovery in self._recoveries.items():
            taken[desk] = recovery.recover(recovery.hours(), goes_on=True)
            self._tell(recovery.service, taken[desk])
        if any(recovered.taken_in or recovered.stopped for recovered in taken.values()):
            self._redis.expire(self._keys.recovery_lock, AGAIN_SECONDS, lt=True)
        self._ledger.write_counts()
        return taken

    def _tell_lost(self) -> None:
        """Log once of what time Redis may have lost cases."""
        ends = [lost.end for recovery in self._recoveries.values() if (lost := recovery.lost()) is not None]
        if ends and max(ends) != self._said_until:
            self._said_until = max(ends)
            log.warning("Redis is new, or another one than it was: tickets that it may have lost are looked for")

    def _tell(self, service: str, recovered: Recovered) -> None:
        """Log what was found; what stands in the way of reading once, until it is something else."""
        if recovered.taken_in:
            what = f"tickets recovered that {service} could not deliver, or Redis had lost"
            log.warning(what, count=recovered.taken_in)
        problem = recovered.problem
        if problem is not None and problem != self._said.get(service):
            what = "tickets that may be missing cannot be recovered, tries go on quietly"
            log.warning(what, service=service, why=problem)
        self._said[service] = problem

    def _wait(self, seconds: float) -> bool:
        return _pause(seconds, lambda: self.alive() and time.monotonic() < self._stop_at)


def _pause(seconds: float, go_on: Callable[[], bool]) -> bool:
    """Let time pass for as long as `go_on` says so; what it says at last."""
    end = time.monotonic() + seconds
    while go_on():
        left = end - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(left, 1.0))
    return False
