"""A stretch of network that a test can cut: a TCP port of ours that leads to another one."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from typing import Self

_HOST = "127.0.0.1"


class TcpProxy:
    """Passes on what comes to `port`, for as long as it is open; where it leads can be changed at any time.

    With `tls` callers have to speak TLS, and `heard` is what they said inside it.
    """

    def __init__(self, target: int, *, port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.target = target
        self.port = port
        self.heard = b""
        self._tls = tls
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._lines: set[socket.socket] = set()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Take connections (again), on the port of before."""
        self._listener = socket.create_server((_HOST, self.port), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        """Refuse new connections, and cut those that there are."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.cut()

    def cut(self) -> None:
        """Cut the connections that there are."""
        with self._lock:
            lines, self._lines = self._lines, set()
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            if self._tls is not None:
                threading.Thread(target=self._lead_inside_tls, args=(near, self._tls), daemon=True).start()
                continue
            self._lead(near)

    def _lead_inside_tls(self, encrypted: socket.socket, tls: ssl.SSLContext) -> None:
        """Take the TLS off a connection; hang up when there is none."""
        encrypted.settimeout(10)
        try:
            near = tls.wrap_socket(encrypted, server_side=True)
        except OSError:
            encrypted.close()
            return
        near.settimeout(None)
        self._lead(near)

    def _lead(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection((_HOST, self.target))
        except OSError:
            near.close()
            return
        with self._lock:
            self._lines |= {near, far}
        for source, sink in ((near, far), (far, near)):
            threading.Thread(target=self._pass_on, args=(source, sink, near), daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, caller: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(64 * 1024):
                if source is caller and self._tls is not None:
                    self.heard += piece
                sink.sendall(piece)
        for line in (source, sink):
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        with self._lock:
            self._lines -= {source, sink}
