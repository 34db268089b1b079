"""What an RQ job may be: one of the project's own, with a ticket id, and nothing besides."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from redis import Redis
from rq import Callback, Queue, Worker
from rq.job import Job
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import JSONSerializer

from integration.cases import workers
from integration.cases.entry import State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.queues import Queues, open_queue
from integration.facts import CaseKey
from tests.conftest import InProcess
from tests.observed import everything
from tests.tickets import key
from worker.rq_classes import OwnWorker, open_worker


def leave_a_trace(*_: object) -> None:
    """What an attacker would call; it is imported by its name when a job or a callback may name it."""
    Path(os.environ["TRACE"]).touch()


KEYS = Keys(DEFAULT_PREFIX)
OWN = "worker.jobs.request_highlights"
NOTE = "worker.jobs.post_note"
FOREIGN = f"{__name__}.leave_a_trace"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    os.environ["TRACE"] = str(tmp_path / "trace")
    return tmp_path / "trace"


@pytest.mark.parametrize(
    ("function", "options"),
    [
        ("os.system", {"args": ("touch $TRACE",)}),
        ("builtins.eval", {"args": ("1",)}),
        (OWN, {"args": ("123",)}),
        (OWN, {"args": (True,)}),
        (OWN, {"args": ()}),
        (OWN, {"args": (1,), "kwargs": {"x": 1}}),
        ("worker.jobs.Jobs._step", {"args": (1,)}),
        (OWN, {"args": (1,), "on_success": Callback("os.getcwd")}),
        ("os.getcwd", {"on_failure": Callback("os.getcwd")}),
    ],
)
def test_a_foreign_job_is_refused(
    function: str, options: dict[str, Any], trace: Path, product: InProcess, redis: Redis
) -> None:
    queue = Queue(KEYS.requests, connection=redis, serializer=JSONSerializer)
    job = queue.enqueue(function, **options)

    product.work()

    assert not trace.exists()
    refused = Job.fetch(job.id, connection=redis, serializer=JSONSerializer)
    assert refused.get_status() == "failed"
    assert "RefusedJobError" in (refused.latest_result().exc_string or "")  # type: ignore[union-attr]  # it has one


def test_a_callback_is_not_called(trace: Path, product: InProcess, redis: Redis) -> None:
    queue = Queue(KEYS.requests, connection=redis, serializer=JSONSerializer)
    queue.enqueue(FOREIGN, on_failure=Callback(FOREIGN), on_success=Callback(FOREIGN), on_stopped=Callback(FOREIGN))
    product.work()
    assert not trace.exists()


def test_a_pickled_job_is_not_loaded(trace: Path, product: InProcess, redis: Redis) -> None:
    Queue(KEYS.requests, connection=redis).enqueue("os.getcwd")
    product.work()
    assert not trace.exists()


def test_a_known_job_for_a_ticket_that_nobody_knows_does_nothing(product: InProcess, redis: Redis) -> None:
    job = Queue(KEYS.requests, connection=redis, serializer=JSONSerializer).enqueue(OWN, args=(key(7),), result_ttl=0)
    product.work()
    assert not Job.exists(job.id, connection=redis)


# -- Jobs of our own


def worker(redis: Redis, do: Callable[[CaseKey], None], *queues: str) -> OwnWorker:
    return open_worker(redis, {OWN: do, NOTE: do}, keys=KEYS, queues=queues or (KEYS.requests,))


def queue_jobs(redis: Redis, *jobs: tuple[int, State]) -> None:
    with redis.pipeline() as pipe:
        Queues(redis, KEYS).add([(key(ticket), state) for ticket, state in jobs], pipeline=pipe)
        pipe.execute()


@pytest.fixture
def signals() -> Iterator[None]:
    """Leave this process's signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("signals")
def test_a_job_of_ours_is_done_by_its_id_and_leaves_no_trace(redis: Redis) -> None:
    """While it runs, RQ has it in its list of taken jobs; its content is not read."""
    done: list[CaseKey] = []
    taken = []

    def do(case: CaseKey) -> None:
        taken.append(redis.lrange(open_queue(KEYS.requests, redis).intermediate_queue_key, 0, -1))
        done.append(case)

    queue_jobs(redis, (1, State.RECEIVED), (2, State.RECEIVED))
    jobs = cast("list[bytes]", redis.lrange(f"rq:queue:{KEYS.requests}", 0, -1))
    redis.delete(f"rq:job:{jobs[1].decode()}")
    worker(redis, do).work(burst=True, logging_level="WARNING")
    assert done == [key(1), key(2)]
    assert taken == [[job] for job in jobs]
    assert [name for name in redis.keys("rq:*") if b"zendesk" in name or b"intermediate" in name] == []


@pytest.mark.usefixtures("signals")
def test_a_job_that_raises_ends_no_worker_and_leaves_no_trace(redis: Redis) -> None:
    done: list[CaseKey] = []

    def do(case: CaseKey) -> None:
        done.append(case)
        raise RuntimeError

    queue_jobs(redis, (1, State.RECEIVED), (2, State.RECEIVED))
    worker(redis, do).work(burst=True, logging_level="WARNING")
    assert done == [key(1), key(2)]
    assert [name for name in redis.keys("rq:*") if b"zendesk" in name or b"intermediate" in name] == []


@pytest.mark.usefixtures("signals")
def test_a_worker_for_both_queues_does_notes_first(redis: Redis) -> None:
    done: list[CaseKey] = []
    queue_jobs(redis, (1, State.RECEIVED), (2, State.REQUESTED), (3, State.READY), (4, State.READY))
    both = open_worker(
        redis,
        dict.fromkeys((OWN, NOTE, "worker.jobs.collect_highlights"), done.append),
        keys=KEYS,
        queues=(KEYS.notes, KEYS.requests),
    )
    both.work(burst=True, logging_level="WARNING")
    assert done == [key(number) for number in (3, 4, 1, 2)]
    assert [name for name in redis.keys("rq:*") if b"zendesk" in name or b"intermediate" in name] == []


def test_whoever_takes_from_both_queues_is_no_stranger(redis: Redis) -> None:
    for queues in ((KEYS.notes,), (KEYS.requests,), (KEYS.notes, KEYS.requests)):
        worker(redis, print, *queues).register_birth()  # type: ignore[no-untyped-call]  # RQ has no types
    assert workers.others(redis, KEYS) == 0
    Worker([KEYS.notes], connection=redis, name=f"{KEYS.prefix}-x-{'0' * 32}").register_birth()  # type: ignore[no-untyped-call]  # likewise
    assert workers.others(redis, KEYS) == 1


def test_all_of_a_ticket_is_forgotten_wherever_rq_keeps_it(product: InProcess, redis: Redis) -> None:
    queue = open_queue(KEYS.notes, redis)
    for ticket_id in (888777, 999555):
        job_id = KEYS.job("post_note", key(ticket_id), "0a1b2c3d")
        queue.enqueue("worker.jobs.post_note", key(ticket_id), job_id=job_id)
        redis.rpush(queue.intermediate_queue_key, job_id)
        redis.set(f"{queue.intermediate_queue_key}:first_seen:{job_id}", "1")
        redis.zadd(StartedJobRegistry(queue=queue).key, {f"{job_id}:0f0f": 1})
        redis.zadd(FailedJobRegistry(queue=queue).key, {job_id: 1})
        redis.sadd(f"rq:worker:{ticket_id:x}:executions", f"{job_id}:0f0f")
        redis.hset(f"rq:execution:{job_id}:0f0f", "id", "0f0f")
    before = everything(redis).count("999555")
    assert product.ledger.forget(key(888777))
    assert "888777" not in everything(redis)
    assert everything(redis).count("999555") == before
    assert not product.ledger.forget(key(888777))
