"""Attacks on the web process: many slow or endless connections of a kind, each opened anew when it is closed."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import requests

from tests.deliver import signed

SECONDS = 120.0  # after which a siege ends by itself
BURST = 100  # connections that are opened at once: it fits into any backlog
ACCEPTED = 202
START = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\n"
ALIVE = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
_BODY = 255 * 1024
_PIECE = 64 * 1024


def looks_signed() -> dict[str, str]:
    """Headers that anybody can make, and that only the body shows to be forged."""
    return signed(b"", "not the secret")


def header_lines(headers: dict[str, str]) -> bytes:
    return b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())


def half_a_body(length: int, sent: int) -> bytes:
    return START + header_lines(looks_signed()) + b"Content-Length: %d\r\n\r\n" % length + b"x" * sent


@dataclass(frozen=True, kw_only=True)
class Attack:
    """What each of many connections says, and what it adds twice a second."""

    says: Callable[[], bytes]
    adds: bytes = b""
    pauses: float = 5.0  # before a connection that was closed is opened anew
    hears: bool = True  # what it is answered


ATTACKS = {
    "silent connections": Attack(says=lambda: b""),
    "slow headers": Attack(says=lambda: START + b"X-Slow: ", adds=b"x"),
    "large headers without an end": Attack(says=lambda: START + (b"X: ".ljust(8000, b"x") + b"\r\n") * 12),
    "header lines of 8,000 letters": Attack(says=lambda: START + b"a" * 8000 + b"\r\n\r\n"),
    "half bodies of 255 KiB": Attack(says=lambda: half_a_body(_BODY + 1, _BODY)),
    "half bodies without a signature": Attack(says=lambda: START + b"Content-Length: 1000\r\n\r\n" + b"x" * 900),
    "slow bodies": Attack(says=lambda: half_a_body(1000, 1), adds=b"x"),
    "idle connections": Attack(says=lambda: ALIVE),
    "many requests in one go": Attack(says=lambda: ALIVE * 2000, hears=False),
}


@dataclass(eq=False)
class _Connection:
    line: socket.socket
    left: bytes  # to say


class Siege:
    """`count` connections of an attack, kept up from beginning to end of the block by a thread of their own."""

    def __init__(self, port: int, attack: Attack, count: int) -> None:
        self.answers: Counter[bytes] = Counter()  # the statuses that were given
        self.opened = 0
        self._port, self._attack, self._count = port, attack, count
        self._lines = selectors.DefaultSelector()
        self._deaf: list[socket.socket] = []
        self._opens: list[float] = [0.0] * count  # when to open each connection that is not open
        self._over, self._stands = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._besiege, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._stands.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _besiege(self) -> None:
        ends, adds_at = time.monotonic() + SECONDS, 0.0
        while not self._over.is_set() and time.monotonic() < ends:
            self._open_what_is_due()
            if time.monotonic() >= adds_at:
                adds_at = time.monotonic() + 0.5
                self._add()
            for key, _ in self._lines.select(0.05):
                self._go_on(key.data)
            if self.opened >= self._count:
                self._stands.set()
        for line in [*(key.data.line for key in self._lines.get_map().values()), *self._deaf]:
            line.close()
        self._lines.close()

    def _open_what_is_due(self) -> None:
        now = time.monotonic()
        due = [opens_at for opens_at in self._opens if opens_at <= now][:BURST]
        for opens_at in due:
            self._opens.remove(opens_at)
            line = socket.socket()
            line.settimeout(0)
            line.connect_ex(("127.0.0.1", self._port))
            self.opened += 1
            both = selectors.EVENT_READ | selectors.EVENT_WRITE
            self._lines.register(line, both, _Connection(line, self._attack.says()))

    def _add(self) -> None:
        if self._attack.adds:
            for key in list(self._lines.get_map().values()):
                key.data.left += self._attack.adds
                self._lines.modify(key.data.line, selectors.EVENT_READ | selectors.EVENT_WRITE, key.data)

    def _go_on(self, connection: _Connection) -> None:
        """Say what is left to say, and hear what there is to hear."""
        with contextlib.suppress(BlockingIOError):
            try:
                while connection.left:
                    connection.left = connection.left[connection.line.send(connection.left[:_PIECE]) :]
                self._lines.modify(connection.line, selectors.EVENT_READ, connection)
                if not self._attack.hears:
                    self._lines.unregister(connection.line)
                    self._deaf.append(connection.line)
                elif not self._hears(connection.line):
                    self._close(connection.line)
            except BlockingIOError:
                if self._attack.hears and not self._hears(connection.line):
                    self._close(connection.line)
            except OSError:
                self._close(connection.line)

    def _hears(self, line: socket.socket) -> bool:
        """Whether the other end is still there."""
        try:
            heard = line.recv(_PIECE)
        except ConnectionError:
            return False
        if heard.startswith(b"HTTP/1.1 "):
            self.answers[heard[9:12]] += 1
        return bool(heard)

    def _close(self, line: socket.socket) -> None:
        self._lines.unregister(line)
        line.close()
        self._opens.append(time.monotonic() + self._attack.pauses)


def seconds_of_a_delivery(url: str, secret: str, ticket_id: int) -> float:
    """How long a genuine delivery takes; it has to be taken."""
    body = b'{"ticket_id": "%d", "requester_email": "ada@shop.example"}' % ticket_id
    began = time.monotonic()
    answer = requests.post(f"{url}/zendesk/tickets", data=body, headers=signed(body, secret), timeout=30)
    took = time.monotonic() - began
    if answer.status_code != ACCEPTED:
        raise RuntimeError(f"a genuine delivery was answered with {answer.status_code}")
    return took
