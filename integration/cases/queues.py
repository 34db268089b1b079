"""The RQ queues and jobs, by name: the web process queues jobs without importing them.

The ledger remembers what is to be done: a job that got lost is queued again (integration.cases.plan).
A job carries a case's key and nothing else.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NamedTuple, cast

from redis import Redis
from redis.exceptions import ResponseError
from rq import Queue
from rq.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.serializers import JSONSerializer
from rq.utils import now, utcformat

from integration.cases import scripts
from integration.cases.entry import State
from integration.cases.keys import Keys
from integration.cases.steps import BY_NAME, NOTES, REQUESTS, STEPS
from integration.facts import CaseKey

if TYPE_CHECKING:
    from redis.client import Pipeline

QUEUED_JOB_LOST_SECONDS: Final = 30  # after which the sweeper queues it again
_PAGE: Final = 1000  # jobs of a queue that are read together
_FRONT: Final = 10_000  # who is not found among so many has all of them read, now and then:
_LONG_QUEUE_SECONDS: Final = 10.0  # between two such readings; shorter than QUEUED_JOB_LOST_SECONDS
_KEY_OF_JOB: Final = re.compile(
    r"rq:(?:job|results|executions|execution|queue:(?P<queue>[^:]+):intermediate:first_seen)"
    r":(?P<job>[^:]+)(?::\w+)?"  # an execution's id, or `dependents`
)
_REDIS_VERSION: Final = (6, 2, 0)  # what RQ would ask for at the price of a round trip; the oldest that is supported
_QUEUE: Final = scripts.load("queue")


class Job(NamedTuple):
    """A job, as `queue_job.lua` writes it: its keys, and what they are to hold."""

    keys: tuple[str, ...]
    arguments: tuple[str, str, str]


NO_JOB: Final = Job(keys=(), arguments=("", "", ""))


class _LongQueue(NamedTuple):
    """The jobs of a queue that takes long to read."""

    names: set[bytes]  # what their ids begin with
    until: float


class Queues:
    """Queues the job that an entry's state calls for."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis = redis
        self._keys = keys
        self._queues: dict[str, Queue] = {
            REQUESTS: open_queue(keys.requests, redis),
            NOTES: open_queue(keys.notes, redis),
        }
        self._long: dict[str, _LongQueue] = {}

    def job(self, key: CaseKey, state: State) -> Job:
        """The job that a case's state calls for."""
        step = STEPS[state]
        job_id = self._keys.job(step.name, key, secrets.token_hex(4))
        calls = f'["{step.function}",null,["{key}"],{{}}]'
        return Job(
            keys=(Queue.redis_queues_keys, self._queues[step.queue].key, f"rq:job:{job_id}"),
            arguments=(job_id, calls, utcformat(now())),
        )

    def add(self, jobs: Iterable[tuple[CaseKey, State]], *, pipeline: Pipeline) -> None:
        """Queue a job for each case and state, as part of the `pipeline`'s transaction."""
        for job in (self.job(key, state) for key, state in jobs):
            pipeline.eval(_QUEUE, len(job.keys), *job.keys, *job.arguments)

    def forget(self, key: CaseKey) -> int:
        """Erase every job of a case, wherever RQ keeps it; how many traces there were."""
        traces: int = 0
        for queue in self._queues.values():
            for place in (queue.key, queue.intermediate_queue_key):
                for job in self._own(self._redis.lrange(place, 0, -1), key):
                    traces += self._redis.lrem(place, 0, job.decode())
            for registry in _registries(queue):
                for job in self._own(self._redis.zrange(registry, 0, -1), key):
                    traces += self._redis.zrem(registry, job)
        for executions in self._redis.scan_iter(match="rq:worker:*:executions", count=1000, _type="SET"):
            for job in self._own(self._redis.smembers(executions), key):
                traces += self._redis.srem(executions, job)
        keys = list(self._keys_of_jobs(key))
        return traces + (self._redis.delete(*keys) if keys else 0)

    def _keys_of_jobs(self, case: CaseKey) -> Iterator[bytes]:
        """Every key that RQ names after a job of this case; not those of a job that is in another's queue."""
        queues = [queue.name for queue in self._queues.values()]
        pattern = f"rq:*:{self._keys.job('*', case, '*')}"
        for key in cast("Iterator[bytes]", self._redis.scan_iter(match=pattern, count=1000)):
            named = _KEY_OF_JOB.fullmatch(key.decode("utf-8", "replace"))
            if named is None or not self._own([named["job"].encode()], case):
                continue
            queue = named["queue"] or self._queue_of(named["job"])
            if queue is None or queue in queues:
                yield key

    def _queue_of(self, job_id: str) -> str | None:
        """The queue that a job was put into; None when only traces of it are left."""
        try:
            origin = cast("bytes | None", self._redis.hget(f"rq:job:{job_id}", "origin"))
        except ResponseError:  # it is no job of RQ's
            return ""
        return None if origin is None else origin.decode("utf-8", "replace")

    def waiting(self, jobs: Iterable[tuple[CaseKey, State]]) -> set[tuple[CaseKey, State]]:
        """Those of the cases and states for which a job waits."""
        wanted: dict[str, dict[bytes, tuple[CaseKey, State]]] = {queue: {} for queue in self._queues}
        for key, state in jobs:
            step = STEPS[state]
            wanted[step.queue][self._keys.jobs(step.name, key).encode()] = key, state
        found = ((named, self._waiting_in(queue, set(named))) for queue, named in wanted.items() if named)
        return {named[name] for named, names in found for name in names}

    def _waiting_in(self, queue: str, wanted: set[bytes]) -> set[bytes]:
        """Those of one queue, by what their ids begin with; of a long one as it was some seconds ago.

        Who has waited longest is looked for first, and stands in front. A job that was queued since a long queue was
        read is not looked for yet, and one that was done since is looked for again in time. One that moves on between
        two readings may be missed: then it is queued twice, which does no harm.
        """
        front, long = set[bytes](), self._long.get(queue)
        for first in range(0, _FRONT, _PAGE):
            page = self._names_in(queue, first, first + _PAGE - 1)
            front |= page
            if wanted <= front or len(page) < _PAGE:
                return wanted & front
            if long is not None and time.monotonic() < long.until:
                return wanted & (front | long.names)
        long = _LongQueue(self._names_in(queue, 0, -1), until=time.monotonic() + _LONG_QUEUE_SECONDS)
        self._long[queue] = long
        return wanted & long.names

    def _names_in(self, queue: str, first: int, last: int) -> set[bytes]:
        """What the ids of a queue's jobs begin with, from one place to another."""
        ids = cast("list[bytes]", self._redis.lrange(self._queues[queue].key, first, last))
        return {job_id.rpartition(b"-")[0] for job_id in ids}

    def _own(self, jobs: object, key: CaseKey) -> list[bytes]:
        """Of jobs' ids, or of what RQ makes of them, those of a case."""
        ids = cast("Iterable[bytes]", jobs)
        read = [(job_id, self._read_job_id(job_id.decode("utf-8", "replace"))) for job_id in ids]
        return [job_id for job_id, job in read if job is not None and job[0] == key]

    def _read_job_id(self, job_id: str) -> tuple[CaseKey, State] | None:
        name, key = self._keys.read_job(job_id) or (None, None)
        step = BY_NAME.get(name or "")
        return None if key is None or step is None else (key, step.state)


def open_queue(name: str, redis: Redis, **options: Any) -> Queue:  # noqa: ANN401 -- RQ's own
    """The queue `name`, with JSON as its format."""
    queue = Queue(name, connection=redis, serializer=JSONSerializer, **options)
    queue.redis_server_version = _REDIS_VERSION
    return queue


def _registries(queue: Queue) -> list[str]:
    """The sorted sets in which RQ keeps jobs that are in no list."""
    kinds = (StartedJobRegistry, FailedJobRegistry, FinishedJobRegistry, DeferredJobRegistry, ScheduledJobRegistry)
    return [kind(queue=queue).key for kind in (*kinds, CanceledJobRegistry)]
