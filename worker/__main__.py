"""`python -m worker`: the RQ workers, each in a process of its own, and one for the sweeper and recovery.

Exit 0 after SIGTERM, 2 when settings are at fault.

What is imported stays, so that garbage is looked for when all of it is loaded: it saves a twentieth of the start.
"""

from __future__ import annotations

import gc

if __name__ == "__main__":
    gc.disable()

import os
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module

from redis import Redis
from redis.exceptions import RedisError

from integration import logs, release, services
from integration.cases import connections, heartbeats, owner
from integration.cases.entry import STOP_SECONDS
from integration.cases.heartbeats import Heart
from integration.errors import SettingsError
from integration.facts import Occasion
from integration.note.wording import Wording
from integration.settings import Settings, from_environment
from integration.supervisor import REFUSED, Child, Supervisor, share_memory, start_function
from worker import recovery
from worker.jobs import Jobs
from worker.rq_classes import open_worker
from worker.sweeper import Sweeper

log = logs.get("worker")


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
    load(settings)
    log.info(
        "worker started",
        **release.told(settings, os.environ),
        concurrency=settings.worker_concurrency,
        children=len(works),
    )
    return supervise(works)


def load(settings: Settings) -> None:
    """Load what the children need before there are any: then they share it."""
    open_jobs(settings, connections.for_worker(settings))
    wording = Wording.of(settings.note_style)
    wording.distance(0.0, Occasion(created_at=7200.0))
    wording.when(0.0, now=None)
    if settings.cases.asks_of_ticket:
        import_module("integration.note.question")


def supervise(works: dict[str, Callable[[int], None]]) -> int:
    """Do each of `works` in a process of its own until SIGTERM or SIGINT (0), or until one is refused (2)."""
    share_memory()
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
    """What the children do, by name.

    One takes nothing but requests and one nothing but notes, so that neither ever waits for the other: for a backlog,
    or for a service that hangs. All the rest take whatever there is, notes first.
    """
    requests, notes = settings.keys.queues
    queues: dict[str, tuple[str, ...]] = {"requests-0": (requests,), "notes-0": (notes,)}
    queues |= {f"both-{number}": (notes, requests) for number in range(settings.worker_concurrency - len(queues))}
    works: dict[str, Callable[[int], None]] = {"sweeper": partial(run_sweeper, settings)}
    works |= {name: partial(run_worker, settings, taken) for name, taken in queues.items()}
    return {name: partial(run_child, work, settings) for name, work in works.items()}


def run_child(work: Callable[[int], None], settings: Settings, supervisor_pid: int) -> None:
    """Do a child's work; a Redis that is not for us ends it so that the worker, too, ends."""
    logs.configure(settings)
    try:
        work(supervisor_pid)
    except owner.RefusedRedisError as error:
        log.error("worker ends, this Redis is not for it", why=str(error))  # noqa: TRY400 -- the text says it all
        raise SystemExit(REFUSED) from None


def run_worker(settings: Settings, queues: tuple[str, ...], supervisor_pid: int) -> None:
    """Take jobs from `queues`, the first of them first, for as long as the supervisor lives."""
    redis = connections.for_worker(settings)
    jobs = open_jobs(settings, redis)
    try:
        worker = open_worker(redis, jobs.by_name(), keys=settings.keys, queues=queues)
        worker.parent_pid = supervisor_pid
        worker.heart = _heart(redis, settings, queues)
        worker.work(logging_level="WARNING")
    except owner.RefusedRedisError:
        raise
    except RedisError as error:  # a long outage, or what RQ does not wait for: a Redis that refuses writes
        log.warning(
            "Redis cannot be used, this child ends and another is started",
            queue=queues[0],
            error=type(error).__name__,
        )


def open_jobs(settings: Settings, redis: Redis) -> Jobs:
    """The jobs of one worker process; nothing is called before the first of them is done."""
    return Jobs(
        ledger=services.open_ledger(settings, redis),
        places=services.places(settings, redis),
        summariser=services.summariser(settings),
        callback=services.callback(settings),
        links=services.links(settings),
        projects=services.projects(settings),
        choose=partial(services.choose_project, settings),
        wishes=settings.cases,
        style=settings.note_style,
    )


def _heart(redis: Redis, settings: Settings, queues: tuple[str, ...]) -> Heart | None:
    """The beats of a worker for one queue; one for both is no part of its own, and shows nothing."""
    if len(queues) > 1:
        return None
    return Heart(redis, settings.keys, heartbeats.NOTES if queues[0] == settings.keys.notes else heartbeats.REQUESTS)


def run_sweeper(settings: Settings, supervisor_pid: int) -> None:
    """Sweep, and look for missed cases now and then, for as long as the supervisor lives."""
    sweeper = Sweeper(settings)
    sweeper.start()
    try:
        recovery.run(settings, supervisor_pid)
    finally:
        sweeper.end()


if __name__ == "__main__":
    sys.exit(main())
