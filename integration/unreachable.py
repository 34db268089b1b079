"""Why no answer came: what a library raised, in words for an admin. Nothing of an address or an answer is repeated."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import requests
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, ReadTimeoutError, SSLError

_MOST: Final = 20  # causes of one error that are looked at
_NO_WAY: Final = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL})


def why(error: BaseException) -> str | None:
    """Why a request got no answer, by the causes of an error; None when they do not tell."""
    causes = list(_causes(error))
    return next((told for told in map(_told, causes) if told is not None), None)


def _told(cause: BaseException) -> str | None:
    if isinstance(cause, NameResolutionError | socket.gaierror):
        return "its name is not known (DNS)"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "its certificate is not valid (TLS)"
    if isinstance(cause, ssl.SSLError | SSLError):
        return "no encrypted connection could be made (TLS)"
    if isinstance(cause, ConnectionRefusedError):
        return "nothing listens there (connection refused)"
    if isinstance(cause, ConnectTimeoutError | ReadTimeoutError | requests.Timeout | TimeoutError):
        return "it took too long (timeout)"
    if isinstance(cause, ConnectionResetError | BrokenPipeError):  # http.client's RemoteDisconnected is one of them
        return "the connection was broken off"
    if isinstance(cause, OSError) and cause.errno in _NO_WAY:
        return "no way leads there from this machine"
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What lies behind an error, the innermost first: urllib3 and requests keep one exception within another."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < _MOST:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            waiting += [cause.__context__, cause.__cause__, getattr(cause, "reason", None), *cause.args]
    yield from reversed(found)
