"""The Valkey of `serve`, and how to know it from anybody else's.

Ours listens where we put it, keeps its data in our folder, and writes its pid file there. One that says all of this is
ended by its own command: a process id in a file may be another program's by now.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Final

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

PID_FILE: Final = "valkey.pid"
CANNOT_START: Final = 3  # the exit code of its process after which another start would fail too
_END_SECONDS: Final = 10.0
_ANSWER_SECONDS: Final = 2.0


class StrangerError(Exception):
    """What listens at our socket is not ours, or does not answer; the text is for the admin."""


def serves(socket_path: Path, folder: Path) -> bool:
    """Whether ours answers there and has read its data."""
    client = _ours(socket_path, folder)
    if client is None:
        return False
    with client:
        try:
            return bool(client.ping())
        except RedisError:  # it is still reading its data
            return False


def end_left_over(socket_path: Path, folder: Path) -> None:
    """End the one that outlived a killed parent: two must not write to one folder."""
    client = _ours(socket_path, folder)
    if client is None:
        return
    with client:
        try:
            client.shutdown()  # waits until it has ended
        except RedisError:
            raise StrangerError(
                f"The Valkey at {socket_path} is left over from another run and does not end."
            ) from None


def _ours(socket_path: Path, folder: Path) -> Redis | None:
    """A connection to ours; None when nobody listens; `StrangerError` when somebody else does."""
    if not _somebody_listens(socket_path):
        return None
    client = Redis(
        unix_socket_path=str(socket_path),
        socket_connect_timeout=_ANSWER_SECONDS,
        socket_timeout=_END_SECONDS,
        retry=Retry(NoBackoff(), 0),  # a command that is sent again could meet another server
        decode_responses=True,
    )
    try:
        known = client.config_get("dir", "pidfile")
    except RedisError:
        known = None
    if known is None and not _somebody_listens(socket_path):  # it has just ended
        client.close()
        return None
    if known != {"dir": str(folder), "pidfile": str(folder / PID_FILE)}:
        client.close()
        raise StrangerError(
            f"A program that this command did not start listens at {socket_path}, or does not answer there: "
            "end it, or choose another folder with --data."
        )
    return client


def _somebody_listens(socket_path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_ANSWER_SECONDS)
        try:
            probe.connect(str(socket_path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True
