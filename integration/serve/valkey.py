"""The Valkey of `serve`, and how it is told from anybody else's.

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
    """What listens at our place is not ours, or does not answer; the text is for the admin."""


def serves(place: Path, folder: Path) -> bool:
    """Whether ours answers there and has read its data."""
    client = _ours(place, folder)
    if client is None:
        return False
    with client:
        try:
            return bool(client.ping())
        except RedisError:  # it still reads
            return False


def end_left_over(place: Path, folder: Path) -> None:
    """End the one that outlived a killed parent: two must not write to one folder."""
    client = _ours(place, folder)
    if client is None:
        return
    with client:
        try:
            client.shutdown()  # waits until it has ended
        except RedisError:
            raise StrangerError(f"The Valkey at {place} is left over from another run and does not end.") from None


def _ours(place: Path, folder: Path) -> Redis | None:
    """A connection to ours; None when nobody listens; `StrangerError` when somebody else does."""
    if not _somebody_listens(place):
        return None
    client = Redis(
        unix_socket_path=str(place),
        socket_connect_timeout=_ANSWER_SECONDS,
        socket_timeout=_END_SECONDS,
        retry=Retry(NoBackoff(), 0),  # a command that is sent again could meet another server
        decode_responses=True,
    )
    try:
        known = client.config_get("dir", "pidfile")
    except RedisError:
        known = None
    if known is None and not _somebody_listens(place):  # it has just ended
        client.close()
        return None
    if known != {"dir": str(folder), "pidfile": str(folder / PID_FILE)}:
        client.close()
        raise StrangerError(
            f"A program that this command did not start listens at {place}, or does not answer there: "
            "end it, or choose another folder with --data."
        )
    return client


def _somebody_listens(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(_ANSWER_SECONDS)
        try:
            probe.connect(str(place))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            return True
    return True
