"""`python -m tests.killed_worker`: works on tickets, and is killed by SIGKILL at a chosen moment.

Each line that it reads, `<ticket id> <moment>`, makes a child that works until the ticket is final or the moment has
come: the moments are before and after each request to a remote service, each script of the ledger, and each time that
RQ is told that a job is taken or done, counted from 1.
It tells `killed`, or `done` with the moments that there were.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

import requests
from redis.connection import Connection
from requests.adapters import HTTPAdapter

from integration import services
from integration.cases import connections
from integration.cases.entry import FINAL
from integration.logrocket.client import LogRocket
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings, from_environment
from integration.zendesk.desk import Desk
from integration.zendesk.settings import ZendeskSettings
from tests.tickets import key
from worker import sweeper
from worker.jobs import Jobs
from worker.rq_classes import open_worker


class Moments:
    """Counts them, and ends this process at the last."""

    def __init__(self, last: int) -> None:
        self.passed = 0
        self._last = last

    def another(self) -> None:
        self.passed += 1
        if self.passed == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def watch(moments: Moments) -> None:
    """Count what goes to Redis and to the remote services."""
    to_redis, to_service = Connection.send_packed_command, HTTPAdapter.send

    def send_to_redis(self: Connection, command: Any, **options: Any) -> None:  # noqa: ANN401 -- redis-py's
        pieces = [command] if isinstance(command, bytes) else list(command)
        counted = any(b"EVAL" in piece or b":intermediate" in piece for piece in pieces)
        if counted:
            moments.another()
        to_redis(self, pieces, **options)  # type: ignore[no-untyped-call]  # redis-py's
        if counted:
            moments.another()

    def send_to_service(self: HTTPAdapter, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests'
        moments.another()
        answer = to_service(self, *args, **options)
        moments.another()
        return answer

    Connection.send_packed_command = send_to_redis  # type: ignore[method-assign,assignment]  # each call is a moment to be killed in
    HTTPAdapter.send = send_to_service  # type: ignore[method-assign]  # likewise


def work(settings: Settings, ticket_id: int) -> None:
    """Do what a worker does until the ticket is final."""
    redis = connections.for_worker(settings)
    ledger = services.open_ledger(settings, redis, jitter=lambda: 0.0)
    jobs = Jobs(
        ledger=ledger,
        places={"zendesk": Desk(settings.of(ZendeskSettings))},
        summariser=LogRocket(settings.of(LogRocketSettings)),
        callback=services.callback(settings),
        links=services.links(settings),
    )
    while True:
        sweeper.sweep(ledger)
        worker = open_worker(redis, jobs.by_name(), keys=settings.keys, queues=settings.keys.queues)
        worker.work(burst=True, logging_level="CRITICAL")
        entry = ledger.reader.find(key(ticket_id))
        if entry is not None and entry.state in FINAL:
            return
        time.sleep(0.02)


def main() -> None:
    """Read until there is nothing more to read."""
    settings = from_environment()
    for line in sys.stdin:
        ticket_id, last = map(int, line.split())
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what is logged is no answer
            moments = Moments(last)
            watch(moments)
            work(settings, ticket_id)
            os.write(write, f"done {moments.passed}".encode())
            os._exit(0)
        os.close(write)
        os.waitpid(child, 0)
        print(os.read(read, 100).decode() or "killed", flush=True)  # noqa: T201 -- to the test
        os.close(read)


if __name__ == "__main__":
    main()
