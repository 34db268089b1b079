"""gunicorn's gevent worker with two bounds: on the time of a request, and on the time that it takes to end."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gevent
from gunicorn.glogging import Logger
from gunicorn.workers.ggevent import GeventWorker

REQUEST_SECONDS = 30.0  # in which a request has to be sent and answered, once its headers are there
LAST_REQUEST_SECONDS = 1.0  # how long a connection may still begin a request after SIGTERM


class Log(Logger):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn's log, written as ours is: its lines quote what strangers send."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        """Hand every line on to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """Each connection has a greenlet of its own; one that is idle does not hold up the end."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        super().__init__(*args, **options)
        self._idle: set[gevent.Greenlet] = set()

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Wait for a request's headers."""
        connection = gevent.getcurrent()
        self._idle.add(connection)
        try:
            with super().timeout_ctx():
                yield
        finally:
            self._idle.discard(connection)

    def handle_request(self, *args: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        """Answer one request."""
        try:
            with gevent.Timeout(REQUEST_SECONDS):
                super().handle_request(*args)
        except gevent.Timeout:
            raise StopIteration from None  # tells gunicorn to close the connection

    def handle_exit(self, sig: int, frame: object) -> None:
        """On SIGTERM, take no new connection and close those that wait."""
        super().handle_exit(sig, frame)
        gevent.spawn_later(LAST_REQUEST_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        over = OSError(errno.ENOTCONN, "the process ends")  # which gunicorn takes for a client that left
        gevent.killall(list(self._idle), over, block=False)
