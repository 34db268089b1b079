"""`python -m worker`: the pool of RQ workers, the sweeper and the recovery.

Exit 0 after SIGTERM, 2 when settings are at fault.
"""

from __future__ import annotations

import contextlib
import math
import os
import random
import sys
import time
from collections.abc import Callable
from functools import partial

from redis.exceptions import RedisError

from integration import logs, release, services
from integration.cases import connections, heartbeats, owner
from integration.cases.heartbeats import Heart
from integration.cases.ledger import Ledger
from integration.errors import SettingsError
from integration.logrocket.links import ProjectLinks
from integration.settings import Settings, from_environment
from worker import recovery, sweeper
from worker.jobs import Jobs
from worker.pool import REFUSED, Pool
from worker.rq_classes import open_worker

log = logs.get("worker")

_TRIM_SECONDS = 3600.0


def main() -> int:
    """Run the worker until SIGTERM."""
    try:
        settings = from_environment()
        connections.refuse_foreign(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings)
    for warning in settings.warnings:
        log.warning(warning)
    works = places(settings)
    log.info(
        "worker started",
        **release.told(settings, os.environ),
        concurrency=settings.worker_concurrency,
        children=len(works),
    )
    return Pool(works).run()


def places(settings: Settings) -> dict[str, Callable[[int], None]]:
    """The children of the pool: one queue each, so that notes never wait behind a backlog of requests."""
    notes = max(1, settings.worker_concurrency // 2)
    requests = max(1, settings.worker_concurrency - notes)
    works: dict[str, Callable[[int], None]] = {
        "sweeper": partial(run_sweeper, settings),
        "recovery": partial(recovery.run, settings),
    }
    works |= {f"requests-{number}": partial(run_worker, settings, settings.keys.requests) for number in range(requests)}
    works |= {f"notes-{number}": partial(run_worker, settings, settings.keys.notes) for number in range(notes)}
    return {name: partial(run_child, work, settings) for name, work in works.items()}


def run_child(work: Callable[[int], None], settings: Settings, pool_pid: int) -> None:
    """Do a child's work; a Redis that is not for us ends it so that the pool, too, ends."""
    logs.configure(settings)
    try:
        work(pool_pid)
    except owner.RefusedRedisError as error:
        log.error("worker ends, this Redis is not for it", why=str(error))  # noqa: TRY400 -- the text says it all
        raise SystemExit(REFUSED) from None


def run_worker(settings: Settings, queue: str, pool_pid: int) -> None:
    """Take jobs from one queue for as long as the pool lives."""
    redis = connections.for_worker(settings)
    ledger = services.open_ledger(settings, redis, random=random.random)
    part = heartbeats.NOTES if queue == settings.keys.notes else heartbeats.REQUESTS
    jobs = Jobs(
        ledger=ledger,
        policy=ledger.policy,
        places=services.places(settings),
        summariser=services.summariser(settings),
        links=ProjectLinks.of(settings),
        settings=settings,
    )
    try:
        worker = open_worker(queue, redis, jobs.by_name())
        worker.parent_pid = pool_pid
        worker.heart = Heart(redis, settings.keys, part)
        worker.work(logging_level="WARNING")
    except owner.RefusedRedisError:
        raise
    except RedisError as error:  # a long outage, or what RQ does not wait for: a Redis that refuses writes
        log.warning(
            "Redis cannot be used, this child ends and the pool starts another", queue=queue, error=type(error).__name__
        )


def run_sweeper(settings: Settings, pool_pid: int) -> None:
    """Sweep about once a second for as long as the pool lives."""
    redis = connections.for_worker(settings)
    ledger = services.open_ledger(settings, redis, random=random.random)
    heart = Heart(redis, settings.keys, heartbeats.SWEEPER)
    try:
        _sweep(ledger, heart, pool_pid)
    finally:
        with contextlib.suppress(RedisError):
            heart.stop()


def _sweep(ledger: Ledger, heart: Heart, pool_pid: int) -> None:
    trimmed_at = -math.inf  # a machine that has just started counts from 0
    while os.getppid() == pool_pid:
        pause = sweeper.INTERVAL_SECONDS
        try:
            heart.beat()
            pause = sweeper.sweep(ledger)
            if time.monotonic() - trimmed_at > _TRIM_SECONDS:
                ledger.trim()
                trimmed_at = time.monotonic()
        except owner.RefusedRedisError:
            raise
        except RedisError as error:
            log.warning("Redis cannot be used, the sweeper tries again every second", error=type(error).__name__)
        time.sleep(pause)


if __name__ == "__main__":
    sys.exit(main())
