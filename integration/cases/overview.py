"""How it stands: what is in the ledger, the queues and the lanes at one moment, and what is known of everybody else.

The page, `/metrics`, `status`, `check` and `/readyz` all read it here, so that they tell the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from redis import Redis
from redis.exceptions import ReadOnlyError, RedisError

from integration.cases import counters, deliveries, heartbeats, lanes, reader, redis_trouble, scripts
from integration.cases.entry import WAITING, State
from integration.cases.keys import Keys
from integration.cases.lanes import Hold, Outlook, Traffic
from integration.cases.queues import open_queue
from integration.cases.situation import Facts, Failing
from integration.cases.steps import Routes
from integration.settings import Settings

if TYPE_CHECKING:
    from redis.client import Pipeline

_HOUR: Final = 3600
_FIRSTS: Final = (*WAITING, State.FAILED)  # the states whose first case is looked at

_TRY_TO_WRITE: Final = scripts.load("try_to_write")


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why the cases that need a service wait; `since` is Unix seconds, None when it ends by itself."""

    service: str
    reason: str
    since: float | None


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The cases in a state that is not the end: how many, and since when the first of them waits."""

    state: State
    number: int
    since: float | None


@dataclass(frozen=True, kw_only=True)
class Overview:
    """The whole of it at one moment. Times are Unix seconds of Redis' clock."""

    facts: Facts  # from which `standing` decides
    outlook: Outlook
    jobs_waiting: int
    jobs_running: int

    @property
    def now(self) -> float:
        """When that was."""
        return self.facts.now

    @property
    def counts(self) -> Mapping[State, int]:
        """How many cases there are in each state."""
        return self.facts.counts

    @property
    def failed(self) -> int:
        """How many have failed."""
        return self.counts[State.FAILED]

    @property
    def waiting(self) -> int:
        """How many are not at their end."""
        return self.facts.waiting

    @property
    def queues(self) -> tuple[Queue, ...]:
        """Where they wait."""
        oldest = self.facts.oldest
        return tuple(Queue(state=state, number=self.counts[state], since=oldest.get(state)) for state in WAITING)

    @property
    def oldest_waiting_seconds(self) -> float | None:
        """How long the case that waits longest has been in its present state."""
        since = [queue.since for queue in self.queues if queue.since is not None]
        return max(self.now - min(since), 0.0) if since else None

    @property
    def holds(self) -> dict[str, Hold]:
        """The lanes that wait for an admin, by service."""
        return {hold.service: hold for hold in self.facts.holds}

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """What cases wait for; not a suspicion alone, with which others go on."""
        holds = [hold for hold in self.facts.holds if not hold.suspected]
        held = [Obstacle(service=hold.service, reason=hold.reason, since=hold.since) for hold in holds]
        asked = self.facts.asked
        if asked < self.facts.ceiling:
            return tuple(held)
        reason = f"{self.outlook.routes.ceiling} is reached ({asked} in the last hour)"
        return (*held, Obstacle(service=self.outlook.routes.summariser, reason=reason, since=None))


def read(settings: Settings, redis: Redis, *, routes: Routes) -> Overview:
    """How it stands now, in two round trips; `RedisError` when Redis cannot be asked."""
    keys, now = settings.keys, reader.now(redis)
    with redis.pipeline(transaction=False) as pipe:
        lanes.ask_traffic(pipe, keys, routes, since=now - _HOUR)
        _ask_jobs(pipe, keys, redis)
        _ask_cases(pipe, keys)
        _ask_others(pipe, keys, routes)
        pipe.eval(_TRY_TO_WRITE, 1, keys.check("standing"))
        answers = pipe.execute(raise_on_error=False)
    if isinstance(answers[-1], ReadOnlyError):
        # Demoted in a failover: the next look asks whoever has its name by then.
        redis.connection_pool.disconnect(inuse_connections=False)
    writes, told = _refusal(answers), iter(answers)
    traffic = lanes.read_traffic(told, now=now, routes=routes, ceiling=settings.requests_per_hour)
    jobs = [next(told) for _ in keys.queues for _ in ("waiting", "running")]
    return Overview(
        facts=_facts(settings, traffic, told, writes=writes),
        outlook=traffic.outlook,
        jobs_waiting=sum(jobs[::2]),
        jobs_running=sum(jobs[1::2]),
    )


def try_to_write(redis: Redis, keys: Keys) -> None:
    """Raise `RedisError` when Redis cannot be used, or refuses to write."""
    redis.eval(_TRY_TO_WRITE, 1, keys.check("standing"))


# -- Asked


def _ask_jobs(pipe: Pipeline, keys: Keys, redis: Redis) -> None:
    """How many jobs wait in each queue of RQ, and how many run."""
    for name in keys.queues:
        queue = open_queue(name, redis)
        pipe.llen(queue.key)
        pipe.llen(queue.intermediate_queue_key)


def _ask_cases(pipe: Pipeline, keys: Keys) -> None:
    for state in State:
        pipe.zcard(keys.state(state))
    for state in _FIRSTS:
        pipe.zrange(keys.state(state), 0, 0, withscores=True)


def _ask_others(pipe: Pipeline, keys: Keys, routes: Routes) -> None:
    pipe.zrevrange(keys.beats, 0, heartbeats.BEATS_READ - 1, withscores=True)
    pipe.hgetall(keys.doors)
    pipe.zrevrange(keys.received, 0, 0, withscores=True)
    pipe.hget(keys.metrics, f"{counters.ENTERED}{State.POSTED}")
    pipe.zcard(keys.public)
    pipe.zrange(keys.public, 0, 0, withscores=True)
    for desk in routes.recovered:
        pipe.get(keys.recovery_trouble_of(desk))


# -- Read, in the same order


def _facts(settings: Settings, traffic: Traffic, told: Iterator[Any], *, writes: str | None) -> Facts:
    """What `standing` decides from."""
    counts = {state: next(told) for state in State}
    oldest = {state: first[0][1] for state in _FIRSTS if (first := next(told))}
    beats, alive = heartbeats.read(next(told), now=traffic.now)
    doors = next(told)
    received, posted, public, first_public = (next(told) for _ in range(4))
    routes, services = traffic.routes, traffic.lanes.items()
    missed = {service: next(told) for service in routes.recovered.values()}
    return Facts(
        now=traffic.now,
        writes=writes,
        beats=beats,
        alive=alive,
        doors=deliveries.doors_of(doors, routes.doors, settings),
        places=tuple(dict.fromkeys(routes.places.values())),
        summariser=routes.summariser,
        callbacks=deliveries.seen_at(doors, routes.callback),
        failing={service: failing for service, lane in services if (failing := _failing(lane))},
        credentials=routes.credentials,
        holds=tuple(traffic.holds),
        accepted={service: float(lane[b"accepted_at"]) for service, lane in services if b"accepted_at" in lane},
        asked=traffic.asked,
        ceiling=traffic.ceiling,
        ceiling_variable=routes.ceiling,
        counts=counts,
        oldest=oldest,
        last_received=received[0][1] if received else None,
        noted=bool(counts[State.POSTED] or posted),
        public=public,
        public_since=first_public[0][1] if first_public else None,
        missed={service: why.decode("utf-8", "replace") for service, why in missed.items() if why is not None},
        case_word=routes.case_word,
        poll_after=settings.poll_after_seconds,
        longest_retry=max(settings.failed_retry_seconds, default=0.0),
    )


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


def _refusal(answers: Iterable[Any]) -> str | None:
    """Why Redis refuses the write at the end of a pipeline; what else it refuses is raised."""
    *others, written = answers
    for answer in others:
        if isinstance(answer, Exception):
            raise answer
    if not isinstance(written, RedisError):
        return None
    why = redis_trouble.refuses_writes(written)
    if why is None:
        raise written
    return why
