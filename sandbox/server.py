"""One HTTP server on the loopback interface: it records what it is asked and applies faults."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import unquote_to_bytes

from werkzeug.test import run_wsgi_app

from sandbox.faults import Fault, Faults
from sandbox.wire import HOST, Answer, Incoming, Listener

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

FAULT_KEY: Final = "sandbox.fault"
"""Where a view finds the fault that its request met, in the WSGI environment."""


@dataclass(frozen=True)
class Recorded:
    """A request as it arrived; `status` is what the caller was told, None when nothing (yet)."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    status: int | None = None


class Records(Protocol):
    """What keeps what it was asked."""

    @property
    def requests(self) -> list[Recorded]:
        """What was asked so far, in order of arrival."""


class LoopbackServer:
    """A WSGI application served on 127.0.0.1, by threads, with HTTP/1.1 connections that are kept."""

    def __init__(
        self,
        service: str,
        application: WSGIApplication,
        *,
        faults: Faults,
        port: int = 0,
        unrecorded: Callable[[str], bool] = lambda _target: False,
    ) -> None:
        """Bind the port (0: any free one). Requests for which `unrecorded` holds meet no fault either."""
        self._service = service
        self._application = application
        self._faults = faults
        self._unrecorded = unrecorded
        self._lock = threading.Lock()
        self._recorded: list[Recorded] = []
        self._stopping = threading.Event()
        self._listener = Listener(port, self._exchange)
        self._thread = threading.Thread(target=self._listener.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://{HOST}:{self._listener.port}"

    @property
    def requests(self) -> list[Recorded]:
        """What was asked so far, in order of arrival."""
        with self._lock:
            return list(self._recorded)

    def forget_requests(self) -> None:
        """Start the record anew."""
        with self._lock:
            self._recorded = []

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering, break off what is open, free the port."""
        self._stopping.set()
        if self._thread.is_alive():
            self._listener.shutdown()
            self._thread.join()
        self._listener.server_close()

    def _exchange(self, incoming: Incoming) -> Answer | None:
        """Answer one request; None means to close the connection without an answer."""
        if self._unrecorded(incoming.target):
            return self._handle(incoming, fault=None)
        seen = Recorded(incoming.method, incoming.target, incoming.headers, incoming.body, time.monotonic())
        with self._lock:
            log, place = self._recorded, len(self._recorded)
            log.append(seen)
        answer = self._meet(incoming, self._faults.take(self._service, incoming.method, incoming.target))
        if answer is not None:
            with self._lock:
                log[place] = replace(seen, status=answer.status)
        return answer

    def _meet(self, incoming: Incoming, fault: Fault | None) -> Answer | None:
        """Handle a request as far as its fault allows."""
        if fault is None:
            return self._handle(incoming, fault=None)
        incoming.reset = fault.reset
        self._stopping.wait(fault.delay)
        if fault.drop == "before":
            return None
        answer = None
        if fault.status is None or fault.handle:
            answer = self._handle(incoming, fault=fault)
        if fault.late:
            self._handle_later(incoming, fault)
        if fault.status is not None or answer is None:
            answer = _answer_of(fault)
        self._stopping.wait(fault.delay_after)
        return None if fault.drop == "after" else replace(answer, drip=fault.drip)

    def _handle_later(self, incoming: Incoming, fault: Fault) -> None:
        """Let the application answer when nobody listens any more."""

        def handle() -> None:
            if not self._stopping.wait(fault.late):
                self._handle(incoming, fault=fault)

        threading.Thread(target=handle, daemon=True).start()

    def _handle(self, incoming: Incoming, *, fault: Fault | None) -> Answer:
        """Let the application answer."""
        environ = _environ(incoming, port=self._listener.port) | {FAULT_KEY: fault}
        body, status, headers = run_wsgi_app(self._application, environ, buffered=True)
        return Answer(int(status.split()[0]), list(headers.items()), b"".join(_closing(body)))


def _closing(body: Iterable[bytes]) -> list[bytes]:
    """Read a WSGI body to its end and close it."""
    try:
        return list(body)
    finally:
        close = getattr(body, "close", None)
        if close is not None:
            close()


def _answer_of(fault: Fault) -> Answer:
    """Return the answer that a fault gives instead of the service's."""
    try:
        json.loads(fault.body)
        kind = "application/json; charset=utf-8"
    except (ValueError, RecursionError):
        kind = "text/plain; charset=utf-8"
    headers = {"content-type": ("Content-Type", kind)} | {k.lower(): (k, v) for k, v in fault.headers.items()}
    return Answer(fault.status or 200, list(headers.values()), fault.body.encode())


def _environ(incoming: Incoming, *, port: int) -> dict[str, object]:
    """Return the WSGI environment of a request."""
    path, _, query = incoming.target.partition("?")
    environ: dict[str, object] = {
        "REQUEST_METHOD": incoming.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": HOST,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": HOST,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": incoming.stream(),
        "wsgi.errors": incoming.errors,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "CONTENT_LENGTH": str(len(incoming.body)),
    }
    for name, value in incoming.headers.items():
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_LENGTH", "TRANSFER_ENCODING"):
            environ["CONTENT_TYPE" if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ
