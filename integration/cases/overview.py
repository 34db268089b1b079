"""How it stands: the ledger's counts, the jobs, the oldest ticket that waits, and what holds tickets up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from redis import Redis
from redis.exceptions import ReadOnlyError, RedisError
from rq.registry import StartedJobRegistry

from integration.cases import counters, deliveries, heartbeats, redis_trouble, scripts
from integration.cases.entry import FINAL, State
from integration.cases.keys import Keys
from integration.cases.lanes import hold_of
from integration.cases.ledger import Ledger, PublicNote
from integration.cases.queues import open_queue
from integration.cases.situation import Facts, Failing
from integration.cases.steps import Routes
from integration.settings import Settings

_HOUR: Final = 3600
_PUBLIC_SHOWN: Final = 50

_TRY_TO_WRITE: Final = scripts.load("try_to_write")


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why the tickets that need a service wait; `since` is Unix seconds, None when it ends by itself."""

    service: str
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
        obstacles=(*_holds(ledger), *_ceiling(redis, ledger, now, requests_per_hour)),
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
    holds = [each for each in ledger.lanes.holds() if not each.suspected]  # with a suspicion alone tickets go on
    return [Obstacle(service=each.service, reason=each.reason, since=each.since) for each in holds]


def _ceiling(redis: Redis, ledger: Ledger, now: float, requests_per_hour: int) -> list[Obstacle]:
    """The ceiling of requests an hour, when it is reached."""
    asked = redis.zcount(ledger.keys.asked, now - _HOUR, "+inf")
    if asked < requests_per_hour:
        return []
    reason = f"{ledger.lanes.routes.ceiling} is reached ({asked} in the last hour)"
    return [Obstacle(service=ledger.lanes.routes.summariser, reason=reason, since=None)]


# -- What `standing` decides from


def facts(settings: Settings, redis: Redis, *, routes: Routes) -> Facts:
    """Everything that tells how it stands, in two round trips; `RedisError` when Redis cannot be asked."""
    keys, now = settings.keys, _now(redis)
    states = (*(state for state in State if state not in FINAL), State.FAILED)
    with redis.pipeline(transaction=False) as pipe:
        for state in State:
            pipe.zcard(keys.state(state))
        for state in states:
            pipe.zrange(keys.state(state), 0, 0, withscores=True)
        for service in routes.services:
            pipe.hgetall(keys.lane(service))
        pipe.zrevrange(keys.beats, 0, heartbeats.BEATS_READ - 1, withscores=True)
        pipe.hgetall(keys.doors)
        pipe.zcount(keys.asked, now - _HOUR, "+inf")
        pipe.zrevrange(keys.received, 0, 0, withscores=True)
        pipe.hget(keys.metrics, f"{counters.ENTERED}{State.POSTED}")
        pipe.zcard(keys.public)
        pipe.zrange(keys.public, 0, 0, withscores=True)
        for desk in routes.recovered:
            pipe.get(keys.recovery_trouble_of(desk))
        pipe.eval(_TRY_TO_WRITE, 1, keys.check("standing"))
        answers = pipe.execute(raise_on_error=False)
    if isinstance(answers[-1], ReadOnlyError):
        # Demoted in a failover: the next look asks whoever has its name by then.
        redis.connection_pool.disconnect(inuse_connections=False)
    writes, told = _refusal(answers), iter(answers)
    counts = {state: next(told) for state in State}
    oldest = {state: first[0][1] for state in states if (first := next(told))}
    lanes = {service: next(told) for service in routes.services}
    beats, alive = heartbeats.read(next(told), now=now)
    doors = next(told)
    asked, received, posted, public, first_public = (next(told) for _ in range(5))
    missed = {service: next(told) for service in routes.recovered.values()}
    return Facts(
        now=now,
        writes=writes,
        beats=beats,
        alive=alive,
        doors=deliveries.doors_of(doors, routes.doors, settings),
        places=tuple(dict.fromkeys(routes.places.values())),
        summariser=routes.summariser,
        callbacks=deliveries.seen_at(doors, routes.callback),
        failing={service: failing for service, lane in lanes.items() if (failing := _failing(lane))},
        credentials=routes.credentials,
        holds=tuple(hold for service, lane in lanes.items() if (hold := hold_of(service, lane))),
        accepted={service: float(lane[b"accepted_at"]) for service, lane in lanes.items() if b"accepted_at" in lane},
        asked=asked,
        ceiling=settings.requests_per_hour,
        ceiling_variable=routes.ceiling,
        counts=counts,
        oldest=oldest,
        last_received=received[0][1] if received else None,
        noted=bool(counts[State.POSTED] or posted),
        public=public,
        public_since=first_public[0][1] if first_public else None,
        missed={service: why.decode("utf-8", "replace") for service, why in missed.items() if why is not None},
        poll_after=settings.poll_after_seconds,
        longest_retry=max(settings.failed_retry_seconds, default=0.0),
    )


def try_to_write(redis: Redis, keys: Keys) -> None:
    """Raise `RedisError` when Redis cannot be used, or refuses to write."""
    redis.eval(_TRY_TO_WRITE, 1, keys.check("standing"))


def _now(redis: Redis) -> float:
    seconds, microseconds = redis.time()
    return seconds + microseconds / 1e6


def _refusal(answers: list[Any]) -> str | None:
    """Why Redis refuses the write at the end of a pipeline; what else it refuses is raised."""
    *read, written = answers
    for answer in read:
        if isinstance(answer, Exception):
            raise answer
    if not isinstance(written, RedisError):
        return None
    why = redis_trouble.refuses_writes(written)
    if why is None:
        raise written
    return why


def _failing(lane: Mapping[bytes, bytes]) -> Failing | None:
    """What a lane remembers of a service that fails."""
    if b"failing" not in lane:
        return None
    return Failing(
        since=float(lane[b"failing_since"]),
        last=float(lane[b"failing_last"]),
        tries=int(lane[b"failures"]),
        reason=lane[b"failing"].decode("utf-8", "replace"),
    )
