"""RQ's worker and job, narrowed to what this project needs of them.

An RQ job names the function to call, and can name callbacks, webhooks and an object besides: whoever can write to Redis
could run anything with it. Here a job can name one of the project's own jobs and the key of a case, nothing else.

The ledger remembers what is to be done, so RQ need not keep books of each job: a job of ours is done by its id, which
names the step and the case, and its content is not even read. RQ's tools see the queues, the jobs that wait, and the
workers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Any, ClassVar, Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.timeouts import JobTimeoutException
from rq.utils import now
from rq.worker import SimpleWorker, WorkerStatus

from integration import logs
from integration.cases import workers
from integration.cases.entry import JOB_SECONDS
from integration.cases.heartbeats import Heart
from integration.cases.keys import Keys
from integration.cases.owner import RefusedRedisError
from integration.cases.queues import open_queue
from integration.cases.steps import BY_NAME
from integration.facts import CaseKey, read_case_key

log = logs.get(__name__)

Functions = Mapping[str, Callable[[CaseKey], None]]

_WAIT_SECONDS: Final = 25  # for a job; then the worker shows that it lives
_ANSWER_SECONDS: Final = 5  # that Redis may take longer to say that there was none
_SHOWN_SECONDS: Final = 120.0  # between two signs of life for RQ's own tools
_WORKER_TTL: Final = 240  # after which, and a minute, RQ's own tools take the worker for dead
_MAINTENANCE_SECONDS: Final = 60 * 60  # of what RQ keeps of refused jobs and dead workers


class RefusedJobError(Exception):
    """A job is none of this project's."""


class OwnJob(Job):
    """A job that calls one of `functions` with the key of a case."""

    functions: ClassVar[Functions] = {}
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
    """A worker process: no fork, no scheduler, no remote control, no text of an exception in the log."""

    keys: Keys
    functions: Functions
    parent_pid = 0
    heart: Heart | None = None
    dequeue_timeout = _WAIT_SECONDS
    connection_timeout = _WAIT_SECONDS + _ANSWER_SECONDS
    max_connection_wait_time = 5.0  # seconds between two looks for a Redis that is away; RQ's own is a minute
    _shown_at: float | None = None
    _done: tuple[Queue, str] | None = None  # the last job, as long as RQ's traces of it are there

    # -- Jobs

    def dequeue_job_and_maintain_ttl(
        self, timeout: int | None, max_idle_time: int | None = None
    ) -> tuple[Job, Queue] | None:
        """Wait for a job, and take it without reading it; None when there is none and `timeout` is."""
        del max_idle_time
        pause = 1.0
        while True:
            try:
                self.heartbeat()
                if self.should_run_maintenance_tasks:
                    self.run_maintenance_tasks()  # type: ignore[no-untyped-call]  # RQ has no types
                taken = self._take(timeout)
                self.heartbeat()
            except (RedisConnectionError, RedisTimeoutError) as error:
                log.warning("Redis cannot be used, the worker tries again", error=type(error).__name__)
                time.sleep(pause)
                pause = min(2 * pause, self.max_connection_wait_time)
                continue
            if taken is not None:
                queue, job_id = taken
                job = self.job_class(job_id.decode(), connection=self.connection, serializer=self.serializer)
                return job, queue
            if timeout is None:
                return None

    def _take(self, timeout: int | None) -> tuple[Queue, bytes] | None:
        """Wait for the next job: its queue and its id, which is in RQ's list of taken jobs until it is done.

        From several queues at once, Redis can only take a job out, so that it is in no list for a moment. A worker
        that is killed in this moment loses it to RQ, but the sweeper queues it again, as any that a killed worker had.
        """
        queues = {queue.key.encode(): queue for queue in self.queues}
        with self.connection.pipeline(transaction=False) as pipe:
            self._drop_done(pipe)
            if len(queues) > 1:
                pipe.blpop(list(queues), timeout or 0.01)
            elif timeout is None:
                pipe.lmove(self.queues[0].key, self.queues[0].intermediate_queue_key)
            else:
                pipe.blmove(self.queues[0].key, self.queues[0].intermediate_queue_key, timeout)
            taken = pipe.execute()[-1]
        self._done = None
        if taken is None:
            return None
        if len(queues) == 1:
            return self.queues[0], taken
        queue, job_id = queues[taken[0]], taken[1]
        self.connection.rpush(queue.intermediate_queue_key, job_id)
        return queue, job_id

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Do what the job's id names; a job with an id of another kind is read, and done or refused as RQ does."""
        step, key = self.keys.read_job(job.id) or ("", None)
        function = self.functions.get(BY_NAME[step].function) if step in BY_NAME else None
        if function is None or key is None:
            self._execute_by_its_content(job, queue)
            return
        self.set_state(WorkerStatus.BUSY)
        try:
            with self.death_penalty_class(JOB_SECONDS, JobTimeoutException, job_id=job.id):
                function(key)
        except Exception as error:  # noqa: BLE001 -- the worker goes on: the ledger knows that the step is not done
            self.handle_exception(job, type(error), error, error.__traceback__)
        finally:
            self._done = queue, job.id
            self.set_state(WorkerStatus.IDLE)

    def _execute_by_its_content(self, job: Job, queue: Queue) -> None:
        with suppress(NoSuchJobError):
            job.refresh()  # type: ignore[no-untyped-call]  # likewise
            super().execute_job(job, queue)
        self.connection.lrem(queue.intermediate_queue_key, 1, job.id)

    def _drop_done(self, pipe: Any) -> None:  # noqa: ANN401 -- a pipeline, or a connection
        """Remove what RQ has of the last job."""
        if self._done is not None:
            queue, job_id = self._done
            pipe.lrem(queue.intermediate_queue_key, 1, job_id)
            pipe.delete(self.job_class.key_for(job_id))

    # -- Signs of life

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:  # noqa: ANN401 -- RQ's own
        """Show that the worker lives, to each who looks as often as they do; stop when the supervisor does not."""
        if self.parent_pid and os.getppid() != self.parent_pid:
            log.warning("the supervisor is gone, worker stops")
            raise SystemExit(0)
        if self.heart is not None:
            self.heart.beat()
        if pipeline is None and not self._has_to_be_shown():
            return
        self._shown_at, self.last_heartbeat = time.monotonic(), now()
        connection = self.connection if pipeline is None else pipeline
        connection.hset(self.key, mapping={**self.serialize(), "state": self.get_state()})
        connection.expire(self.key, timeout or self.worker_ttl + 60)

    def _has_to_be_shown(self) -> bool:
        return self._shown_at is None or time.monotonic() - self._shown_at >= _SHOWN_SECONDS

    def check_for_suspension(self, burst: bool) -> None:  # noqa: FBT001 -- RQ's own
        """Wait while `rq suspend` says so; that is looked at with each sign of life."""
        if self._has_to_be_shown():
            super().check_for_suspension(burst)

    def set_state(self, state: str, pipeline: Any = None) -> None:  # noqa: ANN401 -- RQ's own
        """Remember whether a job is done now; RQ's tools are told with the next sign of life."""
        del pipeline
        self._state = state

    def set_shutdown_requested_date(self) -> None:
        """Write nothing: this is called by a signal, in the middle of a job."""

    # -- The end

    def register_death(self) -> None:
        """Show that the worker ends, and that its last job has."""
        self._drop_done(self.connection)
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


def open_worker(redis: Redis, functions: Functions, *, keys: Keys, queues: tuple[str, ...]) -> OwnWorker:
    """A worker for `queues`, the first of them first, whose jobs may call `functions`."""
    job_class = type("CaseJob", (OwnJob,), {"functions": dict(functions)})
    worker = OwnWorker(
        [open_queue(queue, redis, job_class=job_class) for queue in queues],
        name=workers.new_name(keys, queues),
        connection=redis,
        job_class=job_class,
        serializer=JSONSerializer,
        worker_ttl=_WORKER_TTL,
        maintenance_interval=_MAINTENANCE_SECONDS,
        log_job_description=False,
    )
    worker.keys, worker.functions = keys, functions
    return worker
