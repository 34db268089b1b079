"""How long a note waits for us when nothing else is to be done: from the callback's 202 until its request leaves."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator

from rq import Queue

from benchmarks.contenders import Contender, Kind, bare, product
from benchmarks.measures.whole_way import WARM_UP, run
from benchmarks.processes import wait_until
from benchmarks.references.job_names import STARTED, TELL
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_IDLE_SECONDS = 0.2


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours against one round trip to Redis and one start of a job of `SimpleWorker`."""
    ours: list[float] = []
    theirs: list[float] = []
    tickets = wanted.at_most(20, 5)
    worker = Kind(
        name="SimpleWorker",
        web=bare().web,
        workers=((sys.executable, "-m", "benchmarks.references.simple_worker"),),
    )
    with Contender(product(wanted.product)) as contender, Contender(worker) as other:
        run(contender, WARM_UP)
        for _ in range(wanted.runs):
            ours.append(statistics.median(_wait(contender) for _ in range(tickets)) * 1000)
            theirs.append(statistics.median(_start(other) for _ in range(tickets)) * 1000)
            wanted.say(f"ours {ours[-1]:.2f} ms, a round trip and a job's start {theirs[-1]:.2f} ms")
    yield Row(
        measure="idle, from the callback's 202 to the note's request",
        unit="ms",
        ours=ours,
        reference="one round trip to Redis, one job start of SimpleWorker",
        theirs=theirs,
        aim=2.0,
    )


def _wait(contender: Contender) -> float:
    """The seconds that the note of one ticket waited."""
    contender.deliver(1)
    wait_until(lambda: contender.progress()["noted"] == 1, seconds=30, what="a note")
    time.sleep(_IDLE_SECONDS)
    [wait] = contender.report()["waits"]
    return float(wait)


def _start(contender: Contender) -> float:
    """The seconds of a round trip, and from a job's being queued to its beginning."""
    time.sleep(_IDLE_SECONDS)
    began = time.monotonic()
    contender.redis.ping()
    round_trip = time.monotonic() - began
    Queue(connection=contender.redis).enqueue(TELL)
    queued = time.monotonic()
    told = contender.redis.blpop([STARTED], timeout=30)
    if told is None:
        raise TimeoutError("SimpleWorker did not start a job")
    return round_trip + float(told[1]) - queued
