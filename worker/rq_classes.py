"""RQ's worker and job, narrowed to what this project needs of them.

An RQ job names the function to call, and can name callbacks, webhooks and an object besides: whoever can write to Redis
could run anything with it. Here a job can name one of the project's own jobs and the key of a case, nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any, ClassVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker import SimpleWorker

from integration import logs
from integration.cases import workers
from integration.cases.entry import JOB_SECONDS
from integration.cases.heartbeats import Heart
from integration.cases.owner import RefusedRedisError
from integration.cases.queues import open_queue
from integration.facts import CaseKey, read_case_key

log = logs.get(__name__)

_WORKER_TTL = 20  # seconds; RQ waits this minus 15 for a job, then shows that it lives
_MAINTENANCE_SECONDS = 60


class RefusedJobError(Exception):
    """A job is none of this project's."""


class OwnJob(Job):
    """A job that calls one of `functions` with the key of a case."""

    functions: ClassVar[Mapping[str, Callable[[CaseKey], None]]] = {}
    _foreign = False

    def restore(self, raw_data: Any) -> Any:  # noqa: ANN401 -- RQ's own types
        """Read the job from Redis, without what it could call besides its function."""
        super().restore(raw_data)
        callbacks = (self._success_callback_name, self._failure_callback_name, self._stopped_callback_name)
        self._foreign = any(callbacks) or bool(self.webhooks)
        self._success_callback_name = self._failure_callback_name = self._stopped_callback_name = None
        self.webhooks = []
        self.retries_left = self.repeats_left = None
        self.timeout = JOB_SECONDS

    @property
    def func(self) -> Callable[[CaseKey], None]:
        """The function to call; `RefusedJobError` when it is none of ours."""
        function = self.functions.get(str(self.func_name))
        if function is None or self._foreign or self.instance is not None or not self._names_a_case():
            raise RefusedJobError
        return function

    def _names_a_case(self) -> bool:
        match list(self.args):
            case [str(text)] if not self.kwargs:
                with suppress(ValueError):
                    return bool(read_case_key(text))
        return False


class OwnWorker(SimpleWorker):
    """A worker process on one queue: no fork, no scheduler, no remote control, no text of an exception in the log."""

    parent_pid = 0
    heart: Heart | None = None
    max_connection_wait_time = 5.0  # seconds between two looks for a Redis that is away; RQ's own is a minute

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 -- RQ's own
        """Show that the worker lives; stop when the supervisor that started it does not."""
        if self.parent_pid and os.getppid() != self.parent_pid:
            log.warning("the supervisor is gone, worker stops")
            raise SystemExit(0)
        super().heartbeat(*args, **kwargs)
        if self.heart is not None:
            self.heart.beat()

    def register_death(self) -> None:
        """Show that the worker ends."""
        super().register_death()  # type: ignore[no-untyped-call]  # RQ has no types
        if self.heart is not None:
            self.heart.stop()

    def teardown(self) -> None:
        """Take leave of Redis; once a stop was asked for, without patience: one that is away would hold it up."""
        if self._shutdown_requested_date is None:
            super().teardown()  # type: ignore[no-untyped-call]  # RQ has no types here
            return
        self.connection.set_retry(Retry(NoBackoff(), 0))
        try:
            super().teardown()  # type: ignore[no-untyped-call]  # RQ has no types here
        except RefusedRedisError:
            raise
        except RedisError as error:  # what RQ keeps of this worker expires by itself
            log.info("stopping without Redis", error=type(error).__name__)

    def subscribe(self) -> None:
        """Take no commands over Redis: they could stop or kill a job in its write."""

    def unsubscribe(self) -> None:
        """Nothing was subscribed."""

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:
        """Ignore a second SIGTERM: the job that runs would be cut in its write."""

    def handle_exception(self, job: Job, *exc_info: Any) -> None:  # noqa: ANN401 -- RQ's own
        """Log that a job was refused, without its arguments."""
        log.error("job refused" if isinstance(exc_info[1], RefusedJobError) else "job failed", job_id=job.id)


def open_worker(queue: str, redis: Redis, functions: Mapping[str, Callable[[CaseKey], None]]) -> OwnWorker:
    """A worker for one queue whose jobs may call `functions`."""
    job_class = type("CaseJob", (OwnJob,), {"functions": dict(functions)})
    return OwnWorker(
        [open_queue(queue, redis, job_class=job_class)],
        name=workers.new_name(queue),
        connection=redis,
        job_class=job_class,
        serializer=JSONSerializer,
        worker_ttl=_WORKER_TTL,
        maintenance_interval=_MAINTENANCE_SECONDS,
        log_job_description=False,
    )
