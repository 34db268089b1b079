"""What a case takes of Valkey's memory: waiting for its first step, waiting for LogRocket, and finished."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rq import Queue

from benchmarks.contenders import Contender, bare, product
from benchmarks.processes import wait_until
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_SECONDS = 900.0
_SETTLE_SECONDS = 3.0


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours against an RQ job with the same data; bytes are the same in each run, so there is one."""
    count = wanted.at_most(4000, 1000)
    with Contender(bare(), works=False) as other:
        before = _used(other)
        _queue_jobs(other, count)
        theirs = (_used(other) - before) / count
    with Contender(product(wanted.product), works=False) as contender:
        contender.set_world(callback=None)
        before = _used(contender)
        contender.deliver(count)
        wait_until(lambda: contender.progress()["delivered"], seconds=_SECONDS, what="all delivered")
        queued = (_used(contender) - before) / count
        contender.start_workers()
        wait_until(lambda: contender.progress()["held"] == count, seconds=_SECONDS, what="all asked for")
        requested = (_used(contender) - before) / count
        contender.set_world()
        wait_until(lambda: contender.progress()["noted"] == count, seconds=_SECONDS, what="all noted")
        finished = (_used(contender) - before) / count
    for what, ours, aim in (
        ("open, its job queued", queued, 1.0),
        ("open, LogRocket at work", requested, 1.0),
        ("finished", finished, 0.5),
    ):
        yield Row(
            measure=f"Valkey's memory, a case that is {what}",
            unit="bytes",
            ours=[ours],
            reference="an RQ job with the same data",
            theirs=[theirs],
            aim=aim,
        )


def _used(contender: Contender) -> int:
    """The bytes of all keys, each with its place in Valkey's dictionary (`MEMORY USAGE`)."""
    time.sleep(_SETTLE_SECONDS)
    pipeline = contender.redis.pipeline(transaction=False)
    for key in contender.redis.scan_iter(count=1000):
        pipeline.memory_usage(key, samples=0)
    return sum(used or 0 for used in pipeline.execute())


def _queue_jobs(contender: Contender, count: int) -> None:
    queue, now = Queue(connection=contender.redis), time.time()
    for number in range(1000, 1000 + count):
        queue.enqueue(
            "benchmarks.references.jobs.note",
            ticket_id=str(number),
            requester_email=f"person-{number}@shop.example",
            request_id=f"{number:064x}",
            received_at=now,
            asked_at=now,
        )
