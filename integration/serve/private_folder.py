"""A folder that nobody else can look into: what `serve` keeps there is personal."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

LOCK: Final = "serve.lock"
_APPEND_ONLY: Final = "appendonlydir"
_SOME_BYTES: Final = 65_536  # that have to fit on the disk
_PRIVATE: Final = 0o700
_OPEN: Final = 0o077  # what others may do
_OURS: Final = frozenset(
    {LOCK, "valkey.conf", "valkey.log", "valkey.pid", "valkey.sock", "appendonlydir", "dump.rdb", "lost+found"}
)


class UnusableFolderError(Exception):
    """The folder is not ours to use; the text says why, and what to do."""


def make_private(folder: Path) -> bool:
    """Make the folder, or close it to others when it was open to them; whether it was.

    A link to a folder is followed when it is ours or the system's. `UnusableFolderError` when the folder belongs to
    somebody else, or holds what is not of `serve`: to close that could stop another program.
    """
    _require_own_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=_PRIVATE)
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise UnusableFolderError(
            f"{folder} cannot be used as a folder ({error.strerror}): choose another one with --data."
        ) from None
    try:
        status = os.fstat(opened)
        if status.st_uid != os.geteuid():
            raise UnusableFolderError(f"{folder} belongs to another user: choose another folder with --data.")
        if not status.st_mode & _OPEN:
            return False
        _require_own_content(folder, opened)
        os.fchmod(opened, _PRIVATE)
        if os.fstat(opened).st_mode & _OPEN:
            raise UnusableFolderError(f"{folder} cannot be closed to other users: choose another folder with --data.")
    except OSError as error:
        raise UnusableFolderError(f"{folder} cannot be closed to other users ({error.strerror}).") from None
    finally:
        os.close(opened)
    return True


def require_writable(folder: Path) -> None:
    """Raise `UnusableFolderError` when nothing can be written to the folder, or to that of the data in it."""
    for path in (folder, folder / _APPEND_ONLY):
        if path != folder and not path.exists():
            continue
        try:
            with tempfile.NamedTemporaryFile(dir=path, prefix=".try-") as file:
                file.write(bytes(_SOME_BYTES))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise not_writable(path, error) from None


def not_writable(path: Path, error: OSError) -> UnusableFolderError:
    """What an admin is told of a path that cannot be written."""
    return UnusableFolderError(
        f"{path} cannot be written ({error.strerror}): mend that, or choose another folder with --data."
    )


def _require_own_link(folder: Path) -> None:
    try:
        status = folder.lstat()
    except OSError:
        return
    if stat.S_ISLNK(status.st_mode) and status.st_uid not in (0, os.geteuid()):
        raise UnusableFolderError(f"{folder} is another user's link: choose another folder with --data.")


def _require_own_content(folder: Path, opened: int) -> None:
    """Of a folder that others could look into, or write to: it holds nothing but what we, as this user, left there."""
    names = os.listdir(opened)
    others = sorted(name for name in names if name not in _OURS and not name.startswith("."))
    if others and LOCK not in names:
        raise UnusableFolderError(
            f"{folder} is open to other users and holds files that are not of `serve`: "
            f"close it (chmod 700 {folder}), or choose another folder with --data."
        )
    for name in set(names) - {"lost+found"}:
        status = os.stat(name, dir_fd=opened, follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode) or status.st_uid != os.geteuid():
            raise UnusableFolderError(
                f"{folder} was open to other users and holds a link or another user's file: "
                "look into it, or choose another folder with --data."
            )
