"""How other commands of the product are tried beside a sandbox that runs: with the variables of its web and worker.

Each sandbox leaves them in a file that nobody else can read, in its own temporary folder, and holds a lock on it for as
long as it lives. They are secrets of stand-ins alone, but the file says where commands go: one that somebody else left
there is not believed.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shlex
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from dotenv import dotenv_values

FILE: Final = "beside.json"
CHECKOUT: Final = Path(__file__).resolve().parent.parent
PREFIX: Final = "sandbox-"
LONGEST_TEMP: Final = 60
_OTHERS: Final = 0o077  # what other users may do
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
STOP: Final = "false"
"""Printed where no variables are: `eval "$(...)" && ...` does not go on then, against a real account."""


class Unclear(Exception):  # it says what was found
    """No sandbox, or more than one, can be meant; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """A sandbox that runs, and the variables with which commands meet it."""

    pid: int
    page: str
    product: str
    variables: dict[str, str] = field(repr=False)

    @property
    def port(self) -> int | None:
        """The port of its page."""
        return urlsplit(self.page).port

    @property
    def ports(self) -> set[str]:
        """Every number that it can be chosen by."""
        return {str(self.pid), str(self.port), str(urlsplit(self.product).port)}


def temporary_folder() -> Path:
    """Return a new private folder for a sandbox."""
    return Path(tempfile.mkdtemp(prefix=PREFIX, dir=_temp()))


def _temp() -> Path:
    """Where such folders are made. Their names have to be short: a socket's may have about 104 bytes."""
    usual = tempfile.gettempdir()
    return Path(usual if len(usual) <= LONGEST_TEMP else "/tmp")  # noqa: S108  # folders in it are made anew


class Published:
    """The file of this process: it counts as running until this is closed, or the process has ended."""

    def __init__(self, folder: Path, running: Running) -> None:
        """Write the file, whole before anybody can find it."""
        new = folder / f".{FILE}"
        self._file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        os.write(self._file, json.dumps(asdict(running)).encode())
        self._path = new.rename(folder / FILE)

    def close(self) -> None:
        """Take it back."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def running() -> list[Running]:
    """Return the sandboxes of this user that run now, in the order of their ports."""
    sandboxes = [_read(path) for path in _temp().glob(f"{PREFIX}*/{FILE}")]
    return sorted((sandbox for sandbox in sandboxes if sandbox), key=lambda sandbox: (sandbox.port or 0, sandbox.pid))


def _read(path: Path) -> Running | None:
    """Return what a file says; None when it is not ours alone, or its sandbox has ended."""
    try:
        if not (_is_private(path.parent.lstat()) and _is_private(path.lstat())):
            return None
        with path.open("rb") as opened:
            return Running(**json.loads(opened.read())) if _is_locked(opened.fileno()) else None
    except (OSError, ValueError, TypeError):
        return None


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & _OTHERS and not stat.S_ISLNK(status.st_mode)


def _is_locked(opened: int) -> bool:
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def chosen(number: str) -> Running:
    """Return the sandbox that is meant: by the port of one of its pages or its process id; the only one without."""
    there = running()
    meant = [sandbox for sandbox in there if not number or number in sandbox.ports]
    if len(meant) == 1:
        return meant[0]
    if not there:
        raise Unclear("No sandbox runs here. Start one in another terminal: make sandbox")
    known = "\n".join(f"  --env {sandbox.port}   {sandbox.page}/ (process {sandbox.pid})" for sandbox in there)
    said = f"No sandbox has the port or process id {number}." if number else f"{len(there)} sandboxes run."
    raise Unclear(f"{said} Choose one:\n{known}")


def exports(variables: Mapping[str, str], *, environ: Mapping[str, str]) -> str:
    """Return lines for a shell that set the variables, and to nothing what a `.env` here would set besides."""
    besides = dict.fromkeys((name for name in _in_env_file() if name not in environ), "")
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in {**besides, **variables}.items())


def _in_env_file() -> Iterable[str]:
    """The names in the `.env` that commands started here would read."""
    try:
        return [name for name in dotenv_values(".env", interpolate=False) if _NAME.fullmatch(name)]
    except (OSError, ValueError):
        return []  # a command says by itself what is wrong with it


def usage(own: Running) -> str:
    """Return the line for a shell that tries a command beside this sandbox."""
    python = Path(sys.executable)
    shown = python.relative_to(CHECKOUT) if python.is_relative_to(CHECKOUT) else python
    choice = f" {own.port}" if len(running()) > 1 else ""
    quoted = shlex.quote(str(shown))
    return f'eval "$({quoted} -m sandbox --env{choice})" && {quoted} -m integration check'
