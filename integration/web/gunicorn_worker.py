"""gunicorn's gevent worker, bounded: in what clients may hold and for how long, and in the time that it takes to end.

Each connection has a greenlet. What its client has to do has a time of its own, from beginning to end, however it is
sent; where all connections together hold too much, `bounds` says which one gives way.
"""

from __future__ import annotations

import errno
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import gevent
import gevent.socket
from gunicorn.glogging import Logger
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import ParseException
from gunicorn.workers.ggevent import GeventWorker

from integration import logs
from integration.web.bounds import BrokenOff, PutOff, Room, Stage

HEAD_SECONDS = 5.0  # in which a connection has to send its first headers, and later ones from their first byte on,
BODY_SECONDS = 10.0  # a body: Zendesk itself waits no longer for an answer,
ANSWER_SECONDS = 10.0  # and in which each piece of an answer has to be taken
REQUEST_SECONDS = 30.0  # in which a request has to be sent and answered, once its headers are there
LAST_REQUEST_SECONDS = 1.0  # how long a connection may still begin a request after SIGTERM
LINGER_SECONDS = 2.0  # how long the rest of a body is thrown away that nobody reads,
LINGER_BYTES = 512 * 1024  # and how much: closed at once, a connection may lose its answer
HEAD_BYTES = 32 * 1024  # of one request's headers
_PIECE = 64 * 1024  # that is read at once
_WHOLE = 64 * 1024  # bytes of an answer that are kept until it is whole
_SPARE = 64  # connections that may be open while others are giving way

log = logs.get(__name__)

StartResponse = Callable[..., Any]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


class Log(Logger):  # type: ignore[misc]  # gunicorn publishes no types
    """gunicorn's log, written as ours is, and without what strangers send: its lines quote them."""

    def setup(self, cfg: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        """Hand every line on to the root logger."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def warning(self, msg: str, *args: object, **options: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        """Of what is no valid request, log the kind of error alone."""
        error = sys.exc_info()[0]
        if error is None:
            super().warning(msg, *args, **options)
        else:
            log.warning("request unusable", reason=error.__name__)

    def exception(self, msg: str, *_: object, **options: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        """Of a request that broke off, log where, and not what it asked for."""
        super().exception(msg.partition(" %")[0], **options)


class Connection(gevent.socket.socket):  # type: ignore[misc]  # gevent publishes no types
    """A client's connection that knows how long it may wait for what, and can be made to give way."""

    def __init__(self, client: Any, room: Room, *, keep_alive: float) -> None:  # noqa: ANN401 -- gevent's socket
        super().__init__(client.family, client.type, client.proto, fileno=client.detach())
        self._room = room
        self._keep_alive = keep_alive
        self._gave_way = False
        self._kept = b""  # of an answer
        self._enter(Stage.HEAD, HEAD_SECONDS)
        room.enter(self)

    def _enter(self, stage: Stage, seconds: float) -> None:
        self._stage, self._until = stage, time.monotonic() + seconds

    def await_request(self) -> None:
        """Wait for the next request's headers."""
        self._room.release(self)
        if self._stage is not Stage.HEAD:
            self._enter(Stage.IDLE, self._keep_alive)
            self._room.wait(self, Stage.IDLE)

    def asked(self) -> None:
        """A request's headers are there."""
        self._stage = Stage.ASKED
        self._room.proceed(self)

    def give_way(self) -> None:
        """Wait no longer for the client; a request whose body was under way is still answered."""
        self._gave_way = True
        how = socket.SHUT_RD if self._stage in {Stage.BODY, Stage.ASKED} else socket.SHUT_RDWR
        with suppress(OSError):
            self.shutdown(how)

    def recv(self, size: int, *flags: int) -> bytes:
        """What the client sent, in time; b"" when it has no more time for headers, `PutOff` when for a body."""
        if self._stage is Stage.ASKED:
            self._enter(Stage.BODY, BODY_SECONDS)
            self._room.wait(self, Stage.BODY)
        piece = self._in_time(min(size, _PIECE), *flags)
        if piece and self._stage is Stage.IDLE:
            self._enter(Stage.HEAD, HEAD_SECONDS)
            self._room.wait(self, Stage.HEAD)
        held = self._room.hold(self, len(piece))
        if self._gave_way or (self._stage is Stage.HEAD and held > HEAD_BYTES):
            return self._no_more()
        if held > _PIECE:
            gevent.sleep(0)  # so that a fast client does not hold up the others
        return piece

    def _in_time(self, size: int, *flags: int) -> bytes:
        self.settimeout(max(self._until - time.monotonic(), 0.001))
        try:
            piece: bytes = super().recv(size, *flags)
        except TimeoutError:
            self._gave_way = True
            return b""
        except OSError:  # gevent's way to end a wait for a connection that is shut down
            if not self._gave_way:
                raise
            return b""
        finally:
            self.settimeout(None)
        return piece

    def _no_more(self) -> bytes:
        if self._stage is Stage.BODY:
            raise PutOff
        return b""

    def sendall(self, data: bytes, *flags: int) -> None:
        """Keep a piece of an answer until it is whole, or much: gunicorn writes head and body by themselves."""
        if self.gettimeout() == 0.0:  # gunicorn refuses what is no valid request this way
            super().sendall(data, *flags)
            return
        self._kept += data
        if len(self._kept) > _WHOLE:
            self.send_kept()

    def send_kept(self) -> None:
        """Send what is there of an answer; a client that does not take it in time counts as one that left."""
        if not self._kept:
            return
        if self._stage is not Stage.ANSWER:
            self._enter(Stage.ANSWER, ANSWER_SECONDS)
            self._room.wait(self, Stage.ANSWER)
        piece, self._kept = self._kept, b""
        self.settimeout(ANSWER_SECONDS)
        try:
            super().sendall(piece)
        except OSError as error:
            if not self._gave_way and not isinstance(error, TimeoutError):
                raise
            raise BrokenPipeError(errno.EPIPE, "the client takes no answer") from None
        finally:
            self.settimeout(None)

    def linger(self) -> None:
        """Throw away what still comes, so that the client gets to see its answer."""
        self._enter(Stage.ANSWER, LINGER_SECONDS)
        left = LINGER_BYTES
        with suppress(OSError):
            self.shutdown(socket.SHUT_WR)
            while left > 0 and (piece := self._in_time(_PIECE)):
                left -= len(piece)


class Body:
    """A request's body, whose errors are ours: WSGI's `wsgi.input`."""

    def __init__(self, body: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        self._body = body

    def read(self, size: int | None = None) -> bytes:
        """Return so many bytes, or all; `BrokenOff` when it ends early or makes no sense."""
        try:
            return bytes(self._body.read(size))
        except ParseException as error:
            raise _broken_off(error) from error

    def readline(self, size: int | None = None) -> bytes:
        """Return a line, likewise."""
        try:
            return bytes(self._body.readline(size))
        except ParseException as error:
            raise _broken_off(error) from error

    def readlines(self, hint: int | None = None) -> list[bytes]:
        """Return all lines, likewise."""
        try:
            return list(self._body.readlines(hint))
        except ParseException as error:
            raise _broken_off(error) from error

    def __iter__(self) -> Iterator[bytes]:
        """Give one line after another, likewise."""
        return iter(self.readline, b"")


def _broken_off(error: ParseException) -> BrokenOff:
    return BrokenOff(type(error).__name__)


class Worker(GeventWorker):  # type: ignore[misc]  # gunicorn publishes no types
    """Each connection has a greenlet of its own; one that is idle does not hold up the end."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        super().__init__(*args, **options)
        self._room = Room(connections=self.cfg.worker_connections)
        self.worker_connections = self.cfg.worker_connections + _SPARE
        self._here: dict[gevent.Greenlet, Connection] = {}

    def patch(self) -> None:
        """Replace nothing: `integration.web.server` did, before there was a socket."""

    def run(self) -> None:
        """Serve; an error outside a request goes to our log, and not to standard error as a traceback."""
        gevent.get_hub().print_exception = _tell_of_gevent
        super().run()

    def load_wsgi(self) -> None:
        """Close a connection after an answer with which not all that came was read: a body, or requests in one go."""
        super().load_wsgi()
        application: Application = self.app.wsgi()

        def answer(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            def start(*args: Any) -> Any:  # noqa: ANN401 -- WSGI's own
                response = start_response.__self__  # type: ignore[attr-defined]  # gunicorn's
                if _has_unread_body(response.req) or response.req.unreader.buf.getbuffer().nbytes:
                    response.force_close()
                return start_response(*args)

            environ["wsgi.input"] = Body(environ["wsgi.input"])
            return application(environ, start)

        self.wsgi = answer

    def handle(self, listener: Any, client: Any, addr: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        """Serve one connection."""
        if not self.alive:  # too late: this process is ending, and the client can ask another one
            client.close()
            return
        connection = Connection(client, self._room, keep_alive=self.cfg.keepalive)
        self._here[gevent.getcurrent()] = connection
        try:
            super().handle(listener, connection, addr)
        finally:
            del self._here[gevent.getcurrent()]
            self._room.leave(connection)

    @contextmanager
    def timeout_ctx(self) -> Iterator[None]:
        """Wait for a request's headers."""
        self._here[gevent.getcurrent()].await_request()
        yield

    def handle_request(self, listener_name: Any, req: Any, sock: Connection, addr: Any) -> None:  # noqa: ANN401 -- gunicorn's own
        """Answer one request."""
        sock.asked()
        try:
            with gevent.Timeout(REQUEST_SECONDS):
                super().handle_request(listener_name, req, sock, addr)
            sock.send_kept()
        except gevent.Timeout:
            raise StopIteration from None  # tells gunicorn to close the connection
        except StopIteration:
            sock.send_kept()
            if _has_unread_body(req):
                sock.linger()
            raise

    def notify(self) -> None:
        """Once a second: tell gunicorn that this process is well, and the log's reader what was left out."""
        super().notify()
        logs.tell_repeats()

    def handle_exit(self, sig: int, frame: object) -> None:
        """On SIGTERM, take no new connection and close those that wait."""
        super().handle_exit(sig, frame)
        gevent.spawn_later(LAST_REQUEST_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        for connection in self._room.between_requests():
            connection.give_way()


def _tell_of_gevent(_context: object, _kind: object, error: BaseException | None, _trace: object) -> None:
    log.error("internal error", exc_info=error)


def _has_unread_body(req: Any) -> bool:  # noqa: ANN401 -- gunicorn's own
    """Whether some of a request's body is still to come."""
    reader = req.body.reader
    if isinstance(reader, ChunkedReader):
        return reader.parser is not None
    return bool(getattr(reader, "length", 0))
