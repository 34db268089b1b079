"""Where the web process listens, and whether it can."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from integration.errors import SettingsError
from integration.settings import Settings
from integration.variables import is_loopback

_FIRST_SOCKET: Final = 3  # where systemd and its like leave an open socket


class CannotListenError(Exception):
    """The web process cannot listen there; the text says why, and what to do."""


def host(settings: Settings) -> str:
    """Where to listen: on this machine only when nobody else is meant to come, else where a platform's router comes."""
    named = urlsplit(settings.public_url).hostname or ""
    if not is_loopback(named):
        return "0.0.0.0"  # noqa: S104 -- see above
    return "127.0.0.1" if named == "localhost" else f"[{named}]" if ":" in named else named


def port(raw: str) -> int:
    """The port that PORT chooses."""
    text = raw.strip() or "8000"
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65536):  # noqa: PLR2004 -- ports
        raise SettingsError(["PORT must be a port's number"])
    return int(text)


def refuse_taken(settings: Settings, number: int) -> None:
    """Raise `CannotListenError` when the web process could not listen at its port, or browsers would not find it."""
    addresses = [host(settings).strip("[]")]
    if urlsplit(settings.public_url).hostname == "localhost":
        addresses.append("::1")  # browsers look there first
    for address in addresses:
        try:
            _listen(address, number)
        except OSError as error:
            if address != addresses[0] and error.errno != errno.EADDRINUSE:  # there is no IPv6 here
                continue
            raise CannotListenError(_why_it_cannot_listen(error, number)) from None


def _listen(address: str, number: int) -> None:
    """Listen there for a moment, as gunicorn would."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((address, number))
        probe.listen(1)


def _why_it_cannot_listen(error: OSError, number: int) -> str:
    """Why the port is not free for us, and what to do."""
    if error.errno == errno.EADDRINUSE:
        return f"Port {number} is taken by another program: end that one, or choose another port with PORT."
    if error.errno == errno.EACCES:
        return f"Port {number} is not open to this user: choose one above 1023 with PORT."
    return f"The web process cannot listen at port {number} ({os.strerror(error.errno or 0)})."


# -- Sockets that are open already: a service manager hands them over with LISTEN_FDS and LISTEN_PID, as systemd does


def handed_over(environ: Mapping[str, str]) -> list[int]:
    """The socket that this process was started with, to listen on; nothing when there is none."""
    meant = (environ.get("LISTEN_FDS"), environ.get("LISTEN_PID")) == ("1", str(os.getpid()))
    return [_FIRST_SOCKET] if meant else []


def with_sockets(command: Sequence[str], sockets: Sequence[int]) -> list[str]:
    """The command, told of the sockets that it is started with: LISTEN_PID has to be its own process id."""
    if not sockets:
        return list(command)
    return ["/bin/sh", "-c", f'LISTEN_FDS={len(sockets)} LISTEN_PID=$$ exec "$@"', "sh", *command]


def without_sockets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of processes that no socket is handed over to."""
    return {name: value for name, value in environ.items() if name not in {"LISTEN_FDS", "LISTEN_PID"}}
