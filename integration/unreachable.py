"""Why no answer came, from what a library raised, in words for an admin; addresses and answers are not quoted."""

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

_WORDS: Final[tuple[tuple[tuple[type[BaseException], ...], str], ...]] = (
    ((NameResolutionError, socket.gaierror), "its name is not known (DNS)"),
    ((ssl.SSLCertVerificationError,), "its certificate is not valid (TLS)"),
    ((ssl.SSLError, SSLError), "no encrypted connection could be made (TLS)"),
    ((ConnectionRefusedError,), "nothing listens there (connection refused)"),
    ((ConnectTimeoutError, ReadTimeoutError, requests.Timeout, TimeoutError), "it took too long (timeout)"),
    ((ConnectionResetError, BrokenPipeError), "the connection was broken off"),  # http.client's own kind among them
)


def why(error: BaseException) -> str | None:
    """Why a request got no answer, by the causes of an error; None when they do not say."""
    causes = list(_causes(error))
    return next((told for told in map(_told, causes) if told is not None), None)


def _told(cause: BaseException) -> str | None:
    if isinstance(cause, OSError) and cause.errno in _NO_WAY:
        return "no way leads there from this machine"
    return next((words for kinds, words in _WORDS if isinstance(cause, kinds)), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What lies behind an error, the innermost first: urllib3 and requests keep one exception within another."""
    causes: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(causes) < _MOST:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and cause not in causes:
            causes.append(cause)
            waiting += [cause.__context__, cause.__cause__, getattr(cause, "reason", None), *cause.args]
    yield from reversed(causes)
