"""`python -m worker`: the RQ workers, the sweeper and the recovery, each in a process of its own.

Exit 0 after SIGTERM, 2 when settings are at fault.
"""

from __future__ import annotations

import contextlib
import math
import os
import sys
import time
from collections.abc import Callable
from functools import partial

from redis.exceptions import RedisError

from integration import logs, release, services
from integration.cases import connections, heartbeats, owner
from integration.cases.entry import STOP_SECONDS
from integration.cases.heartbeats import Heart
from integration.cases.ledger import Ledger
from integration.errors import SettingsError
from integration.settings import Settings, from_environment
from integration.supervisor import REFUSED, Child, Supervisor, start_function
from worker import recovery, sweeper
from worker.jobs import Jobs
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
    works = child_works(settings)
    log.info(
        "worker started",
        **release.told(settings, os.environ),
        concurrency=settings.worker_concurrency,
        children=len(works),
    )
    return supervise(works)


def supervise(works: dict[str, Callable[[int], None]]) -> int:
    """Do each of `works` in a process of its own until SIGTERM or SIGINT (0), or until one is refused (2)."""
    with Supervisor() as supervisor:
        supervisor.add(
            *(
                Child(name=name, start=partial(start_function, work, name), stop_seconds=STOP_SECONDS)
                for name, work in works.items()
            )
        )
        supervisor.run()
    return 0 if supervisor.told_to_stop else REFUSED


def child_works(settings: Settings) -> dict[str, Callable[[int], None]]:
    """What the children do, by name: one queue each, so that notes never wait behind a backlog of requests."""
    notes = max(1, settings.worker_concurrency // 2)
    requests = max(1, settings.worker_concurrency - notes)
    works: dict[str, Callable[[int], None]] = {
        "sweeper": partial(run_sweeper, settings),
        "recovery": partial(recovery.run, settings),
    }
    works |= {f"requests-{number}": partial(run_worker, settings, settings.keys.requests) for number in range(requests)}
    works |= {f"notes-{number}": partial(run_worker, settings, settings.keys.notes) for number in range(notes)}
    return {name: partial(run_child, work, settings) for name, work in works.items()}


def run_child(work: Callable[[int], None], settings: Settings, supervisor_pid: int) -> None:
    """Do a child's work; a Redis that is not for us ends it so that the worker, too, ends."""
    logs.configure(settings)
    try:
        work(supervisor_pid)
    except owner.RefusedRedisError as error:
        log.error("worker ends, this Redis is not for it", why=str(error))  # noqa: TRY400 -- the text says it all
        raise SystemExit(REFUSED) from None


def run_worker(settings: Settings, queue: str, supervisor_pid: int) -> None:
    """Take jobs from one queue for as long as the supervisor lives."""
    redis = connections.for_worker(settings)
    ledger = services.open_ledger(settings, redis)
    part = heartbeats.NOTES if queue == settings.keys.notes else heartbeats.REQUESTS
    jobs = Jobs(
        ledger=ledger,
        places=services.places(settings, redis),
        summariser=services.summariser(settings),
        callback=services.callback(settings),
        links=services.links(settings),
        projects=services.projects(settings),
        choose=partial(services.choose_project, settings),
        wishes=settings.cases,
        style=settings.note_style,
    )
    try:
        worker = open_worker(queue, redis, jobs.by_name())
        worker.parent_pid = supervisor_pid
        worker.heart = Heart(redis, settings.keys, part)
        worker.work(logging_level="WARNING")
    except owner.RefusedRedisError:
        raise
    except RedisError as error:  # a long outage, or what RQ does not wait for: a Redis that refuses writes
        log.warning(
            "Redis cannot be used, this child ends and another is started", queue=queue, error=type(error).__name__
        )


def run_sweeper(settings: Settings, supervisor_pid: int) -> None:
    """Sweep about once a second for as long as the supervisor lives."""
    redis = connections.for_worker(settings)
    ledger = services.open_ledger(settings, redis)
    heart = Heart(redis, settings.keys, heartbeats.SWEEPER)
    try:
        _sweep(ledger, heart, supervisor_pid)
    finally:
        with contextlib.suppress(RedisError):
            heart.stop()


def _sweep(ledger: Ledger, heart: Heart, supervisor_pid: int) -> None:
    trimmed_at = -math.inf  # a machine that has just started counts from 0
    while os.getppid() == supervisor_pid:
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
