"""A stand-in that is not there: connections are refused, and its port stays its own."""

from __future__ import annotations

import socket
import threading
from typing import Final

from sandbox.server import LoopbackServer

_BACKLOG: Final = 256


def refuse(server: LoopbackServer) -> None:
    """Take no connection any more; those that there are live on."""
    listener = server._listener
    listener.shutdown()
    server._thread.join()
    listener.socket.close()
    listener.socket = socket.socket()  # bound and deaf, so that nobody else gets the port meanwhile
    listener.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.socket.bind(listener.server_address)


def accept(server: LoopbackServer) -> None:
    """Take connections again."""
    server._listener.socket.listen(_BACKLOG)
    server._thread = threading.Thread(target=server._listener.serve_forever, args=(0.02,), daemon=True)
    server._thread.start()
