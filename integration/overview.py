"""How it stands: the ledger's counts, the jobs, the oldest ticket that waits, and what holds tickets up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from redis import Redis
from rq.registry import StartedJobRegistry

from integration.entry import FINAL, State
from integration.keys import Keys
from integration.lanes import Service
from integration.ledger import Ledger, PublicNote
from integration.queues import open_queue

_HOUR: Final = 3600
_PUBLIC_SHOWN: Final = 50


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why the tickets that need a service wait; `since` is Unix seconds, None when it ends by itself."""

    service: Service
    reason: str
    since: float | None


@dataclass(frozen=True, kw_only=True)
class PublicNotes:
    """The notes that customers can read, or could, as far as no admin has seen it: the latest, and how many in all."""

    latest: tuple[PublicNote, ...]
    number: int


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The whole of it at one moment."""

    states: dict[State, int]
    jobs_waiting: int
    jobs_running: int
    oldest_waiting_seconds: float | None  # in its present state
    obstacles: tuple[Obstacle, ...]
    public_notes: PublicNotes


def look(ledger: Ledger, redis: Redis, *, requests_per_hour: int) -> Overview:
    """How it stands now."""
    now = ledger.now()
    waiting, running = _jobs(redis, ledger.keys, now)
    return Overview(
        states=ledger.counts(),
        jobs_waiting=waiting,
        jobs_running=running,
        oldest_waiting_seconds=_oldest(redis, ledger.keys, now),
        obstacles=(*_holds(ledger), *_ceiling(redis, ledger.keys, now, requests_per_hour)),
        public_notes=public_notes(ledger),
    )


def public_notes(ledger: Ledger) -> PublicNotes:
    """The notes that an admin has to see to."""
    latest, number = ledger.public_notes(_PUBLIC_SHOWN)
    return PublicNotes(latest=tuple(latest), number=number)


def _jobs(redis: Redis, keys: Keys, now: float) -> tuple[int, int]:
    """How many jobs wait in RQ, and how many run."""
    waiting = running = 0
    for name in keys.queues:
        queue = open_queue(name, redis)
        waiting += redis.llen(queue.key)
        running += redis.zcount(StartedJobRegistry(queue=queue).key, now, "+inf")
    return waiting, running


def _oldest(redis: Redis, keys: Keys, now: float) -> float | None:
    """How long the ticket that waits longest has been in its state."""
    with redis.pipeline(transaction=False) as pipe:
        for state in State:
            if state not in FINAL:
                pipe.zrange(keys.state(state), 0, 0, withscores=True)
        entered = [when for first in pipe.execute() for _, when in first]
    return max(now - min(entered), 0.0) if entered else None


def _holds(ledger: Ledger) -> list[Obstacle]:
    return [Obstacle(service=each.service, reason=each.reason, since=each.since) for each in ledger.lanes.holds()]


def _ceiling(redis: Redis, keys: Keys, now: float, requests_per_hour: int) -> list[Obstacle]:
    """The ceiling of requests an hour, when it is reached."""
    asked = redis.zcount(keys.asked, now - _HOUR, "+inf")
    if asked < requests_per_hour:
        return []
    reason = f"LOGROCKET_REQUESTS_PER_HOUR is reached ({asked} in the last hour)"
    return [Obstacle(service=Service.LOGROCKET, reason=reason, since=None)]
