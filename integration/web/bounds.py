"""What all clients together may hold of a web process: connections, bodies and bytes; no I/O.

Nobody can tell a stranger from a service before a delivery is there as a whole, so nobody is kept out: when something
runs out, the connection gives way that has waited longest for its client. A genuine delivery waits some milliseconds;
who holds places without using them has always waited longer.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

CONNECTIONS = 1000  # open at once,
BODIES = 200  # bodies that are read at once,
BYTES = 16 * 1024 * 1024  # and what all requests together hold, in one process


class Stage(Enum):
    """What a connection is at."""

    IDLE = auto()  # has been answered, and may ask again
    HEAD = auto()  # sends a request's headers
    ASKED = auto()  # has asked: the next move is ours
    BODY = auto()  # sends a request's body
    ANSWER = auto()  # takes an answer


class PutOff(Exception):
    """A request's body came too slowly, or gave way to others: whoever sent it shall come again."""


class BrokenOff(Exception):
    """A request's body ended early, or is not what its headers say; the text names how."""


class Client(Protocol):
    """A connection, as far as the room knows it."""

    def give_way(self) -> None:
        """Wait no longer for the other end."""


class Room:
    """All connections of a process, those first that have been in their stage for longest."""

    def __init__(self, *, connections: int = CONNECTIONS, bodies: int = BODIES, size: int = BYTES) -> None:
        self._connections, self._bodies, self._size = connections, bodies, size
        self._open: set[Client] = set()
        self._waiting: dict[Client, Stage] = {}
        self._held: dict[Client, int] = {}
        self._total = 0

    def enter(self, client: Client) -> None:
        """Take in a new connection; the one that has waited longest gives way when there are too many."""
        self._open.add(client)
        if len(self._open) > self._connections:
            self._let_go(next(iter(self._waiting), None))
        self.wait(client, Stage.HEAD)

    def wait(self, client: Client, stage: Stage) -> None:
        """From now on this connection waits for its client, in a new stage."""
        self._waiting.pop(client, None)
        if stage is Stage.BODY:
            bodies = [waiting for waiting, its in self._waiting.items() if its is Stage.BODY]
            if len(bodies) >= self._bodies:
                self._let_go(bodies[0])
        self._waiting[client] = stage

    def proceed(self, client: Client) -> None:
        """This connection waits for us now."""
        self._waiting.pop(client, None)

    def hold(self, client: Client, size: int) -> int:
        """So many more bytes came for this connection's request; how many it holds with them."""
        self._held[client] = self._held.get(client, 0) + size
        self._total += size
        while self._total > self._size:
            holder = next((waiting for waiting in self._waiting if self._held.get(waiting)), None)
            if holder is None:
                break
            self._let_go(holder)
        return self._held.get(client, 0)

    def release(self, client: Client) -> None:
        """What came for its request is not needed any more."""
        self._total -= self._held.pop(client, 0)

    def leave(self, client: Client) -> None:
        """This connection is closed."""
        self.proceed(client)
        self.release(client)
        self._open.discard(client)

    def between_requests(self) -> list[Client]:
        """The connections that have no request under way."""
        return [client for client, stage in self._waiting.items() if stage in (Stage.IDLE, Stage.HEAD)]

    def _let_go(self, client: Client | None) -> None:
        if client is not None:
            self.proceed(client)
            self.release(client)
            client.give_way()
