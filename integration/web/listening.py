"""Where the web process listens, and whether it can."""

from __future__ import annotations

import errno
import os
import socket
from urllib.parse import urlsplit

from integration.errors import SettingsError
from integration.settings import Settings
from integration.variables import is_loopback


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
    """Raise `CannotListenError` when the web process could not listen, or not be found, at its port."""
    places = [host(settings).strip("[]")]
    if urlsplit(settings.public_url).hostname == "localhost":
        places.append("::1")  # browsers look there first
    for place in places:
        try:
            _listen(place, number)
        except OSError as error:
            if place != places[0] and error.errno != errno.EADDRINUSE:  # there is no IPv6 here
                continue
            raise CannotListenError(_why_not(error, number)) from None


def _listen(place: str, number: int) -> None:
    """Listen there for a moment, as gunicorn would."""
    family = socket.AF_INET6 if ":" in place else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((place, number))
        probe.listen(1)


def _why_not(error: OSError, number: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {number} is taken by another program: end that one, or choose another port with PORT."
    if error.errno == errno.EACCES:
        return f"Port {number} is not open to this user: choose one above 1023 with PORT."
    return f"The web process cannot listen at port {number} ({os.strerror(error.errno or 0)})."
