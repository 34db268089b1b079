"""The RQ queues and jobs, by name: the web process queues jobs without importing them.

A worker process takes from one queue only: taken from two at once, a job is in no list for a moment and can be lost.
A job carries a ticket id and nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from integration.entry import JOB_SECONDS, State

if TYPE_CHECKING:
    from redis.client import Pipeline
    from rq.queue import EnqueueData

REQUESTS: Final = "highlights-requests"
NOTES: Final = "highlights-notes"

STEPS: Final = {
    State.RECEIVED: (REQUESTS, "worker.jobs.request_highlights"),
    State.REQUESTED: (REQUESTS, "worker.jobs.collect_highlights"),
    State.READY: (NOTES, "worker.jobs.post_note"),
}

_FAILURE_TTL = 60 * 60  # seconds that a job which could not be run stays visible to RQ's own tools
_REDIS_VERSION = (6, 2, 0)  # what RQ would ask for at the price of a round trip; the oldest that is supported


class Queues:
    """Queues the job that an entry's state calls for."""

    def __init__(self, redis: Redis) -> None:
        self._queues: dict[str, Queue] = {name: open_queue(name, redis) for name in (REQUESTS, NOTES)}

    def add(self, jobs: Iterable[tuple[int, State]], *, pipeline: Pipeline) -> None:
        """Queue a job for each ticket id and state, as part of the `pipeline`'s transaction."""
        by_queue: dict[str, list[EnqueueData]] = {}
        for ticket_id, state in jobs:
            queue, function = STEPS[state]
            by_queue.setdefault(queue, []).append(_job(ticket_id, function))
        for name, found in by_queue.items():
            self._queues[name].enqueue_many(found, pipeline=pipeline)

    def waiting(self) -> set[tuple[int, State]]:
        """The tickets and the states for which a job waits."""
        found = (_read_job_id(job_id) for queue in self._queues.values() for job_id in queue.job_ids)
        return {each for each in found if each is not None}


def open_queue(name: str, redis: Redis, **options: Any) -> Queue:  # noqa: ANN401 -- RQ's own
    """The queue `name`, with JSON as its format."""
    queue = Queue(name, connection=redis, serializer=JSONSerializer, **options)
    queue.redis_server_version = _REDIS_VERSION
    return queue


def _job(ticket_id: int, function: str) -> EnqueueData:
    return Queue.prepare_data(
        function,
        args=(ticket_id,),
        job_id=f"{function.rsplit('.', 1)[1]}-{ticket_id}-{secrets.token_hex(4)}",
        timeout=JOB_SECONDS,
        result_ttl=0,
        failure_ttl=_FAILURE_TTL,
        description=function,
    )


def _read_job_id(job_id: str) -> tuple[int, State] | None:
    name, _, rest = job_id.partition("-")
    ticket_id = rest.partition("-")[0]
    for state, (_, function) in STEPS.items():
        if function.endswith(f".{name}") and ticket_id.isascii() and ticket_id.isdecimal():
            return int(ticket_id), state
    return None
