"""Ports for what a test starts: a block of them belongs to this process alone for as long as it lives.

A port that somebody asks the kernel for, closes and lets another process open is free for all in between: for another
worker of pytest-xdist, another run on this machine, and any connection that leaves it. So these ports lie below the
ones that the kernel gives away by itself, and the first port of a block is kept bound by the process that uses it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable

_HOST = "127.0.0.1"
_FIRST, _BEHIND_LAST = 20_000, 32_000  # Linux gives away 32768 and up by itself, macOS 49152 and up
_SIZE = 100


class Block:
    """A hundred ports; each is given out once, and again only after all others."""

    def __init__(self) -> None:
        self._guard = _bound(range(_FIRST, _BEHIND_LAST, _SIZE), shared=False)
        first: int = self._guard.getsockname()[1]
        self._own = range(first + 1, first + _SIZE)
        self._next = self._own.start

    def take(self) -> int:
        """The next port that nobody listens on."""
        later, earlier = range(self._next, self._own.stop), range(self._own.start, self._next)
        with _bound([*later, *earlier], shared=True) as probe:
            port: int = probe.getsockname()[1]
        self._next = port + 1
        return port

    def close(self) -> None:
        """Leave the block to others."""
        self._guard.close()


def _bound(ports: Iterable[int], *, shared: bool) -> socket.socket:
    """A socket at the first of these ports that can be bound; `shared`: also where ended connections linger."""
    for port in ports:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, shared)
        try:
            made.bind((_HOST, port))
        except OSError:
            made.close()
        else:
            return made
    raise OSError(f"No port from {_FIRST} to {_BEHIND_LAST - 1} is free: end what listens there.")


_blocks: list[Block] = []


def free_port() -> int:
    """A port of this process's own block."""
    if not _blocks:
        _blocks.append(Block())
    return _blocks[0].take()
