"""HTTP/1.1 on the wire: whole requests in, whole answers out, each answer in one packet.

The standard library's handler sends headers and body one after the other, and a caller with delayed
acknowledgements waits 40 ms for the second packet. Nor can it close a connection in the middle of an
exchange.
"""

from __future__ import annotations

import io
import logging
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Final, Literal, TextIO

HOST: Final = "127.0.0.1"
MAX_BODY_BYTES: Final = 64 * 1024 * 1024
JOIN_SECONDS: Final = 2.0
DRIP_SECONDS: Final = 1.0
ABORT: Final = struct.pack("ii", 1, 0)
"""SO_LINGER of 0 seconds: closing sends RST and not FIN."""

log = logging.getLogger(__name__)


@dataclass
class Incoming:
    """A request read whole. `reset` says how to break off the connection when there is to be no answer."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    reset: bool = False
    errors: TextIO = field(default=sys.stderr, repr=False)

    def stream(self) -> io.BytesIO:
        """Return the body as a file."""
        return io.BytesIO(self.body)


@dataclass(frozen=True)
class Answer:
    """An answer to be sent; with `drip`, a byte a second from there on."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    drip: Literal["headers", "body"] | None = None

    def as_bytes(self, *, bodyless: bool, keep: bool) -> bytes:
        """Return the answer as it goes over the wire; `bodyless` for an answer to HEAD."""
        empty = self.status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        body = b"" if empty else self.body
        sent = [(name, value) for name, value in self.headers if name.lower() not in ("content-length", "connection")]
        if not empty:
            sent.append(("Content-Length", str(len(body))))
        sent.append(("Connection", "keep-alive" if keep else "close"))
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = "Unknown"
        lines = [f"HTTP/1.1 {self.status} {phrase}", *(f"{name}: {value}" for name, value in sent), "", ""]
        return "\r\n".join(lines).encode("latin-1", "replace") + (b"" if bodyless else body)


Exchange = Callable[[Incoming], "Answer | None"]


class Listener(socketserver.ThreadingTCPServer):
    """Accepts connections on the loopback interface and gives each a thread."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, exchange: Exchange) -> None:
        """Bind `port`; 0 takes any free one."""
        self.exchange = exchange
        self.connections: dict[socket.socket, threading.Thread] = {}
        super().__init__((HOST, port), _Connection)

    @property
    def port(self) -> int:
        """The port that was bound."""
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002  # the base's signature
        """Keep quiet about callers that hang up, log everything else."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            log.error("a request to the sandbox failed", exc_info=error)

    def server_close(self) -> None:
        """Close the port and every open connection, and wait for their threads."""
        super().server_close()
        threads = dict(self.connections)
        for connection in threads:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads.values():
            if thread is not threading.current_thread():
                thread.join(JOIN_SECONDS)


class _Connection(BaseHTTPRequestHandler):
    """One connection: reads requests, has them answered, sends the answers."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener
    abort = False

    def setup(self) -> None:
        """Make the connection known to its server."""
        super().setup()
        self.server.connections[self.connection] = threading.current_thread()

    def finish(self) -> None:
        """Close the connection, the rude way when a fault wants that."""
        with suppress(OSError):
            super().finish()
        if self.abort:
            with suppress(OSError):
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
                self.connection.close()
        self.server.connections.pop(self.connection, None)

    def do_any(self) -> None:
        """Have one request answered, or break off the connection."""
        body = self._read_body()
        if body is None:
            return
        incoming = Incoming(self.command, self.path, dict(self.headers.items()), body)
        answer = self.server.exchange(incoming)
        if answer is None:
            self.abort = incoming.reset
            self.close_connection = True
            return
        with suppress(OSError):
            bodyless = self.command == "HEAD"
            message = answer.as_bytes(bodyless=bodyless, keep=not self.close_connection)
            at_once = {None: len(message), "headers": 0, "body": message.index(b"\r\n\r\n") + 4}[answer.drip]
            self.wfile.write(message[:at_once])
            for byte in message[at_once:]:
                self.wfile.write(bytes([byte]))
                time.sleep(DRIP_SECONDS)

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Handle every method alike: the base looks for `do_GET`, `do_POST` and so on."""
        if name.startswith("do_"):
            return self.do_any
        raise AttributeError(name)

    def _read_body(self) -> bytes | None:
        """Return the body of the request; None when it was refused."""
        length = self.headers.get("Content-Length", "0").strip()
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > MAX_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
        self.close_connection = True
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's signature
        """Keep the access log out of everybody's way."""
        log.debug(format, *args)
