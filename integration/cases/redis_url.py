"""REDIS_URL, and what it may hold: redis-py lets options in it overrule the program, and accepts unknown ones.

An option that is not listed here is refused by its name: one that changes Redis' answers, or our patience with it, lets
deliveries be accepted and never worked on.
"""

from __future__ import annotations

import inspect
import re
import socket
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import SplitResult, parse_qsl, unquote

from redis import BlockingConnectionPool, ConnectionPool, Redis
from redis.connection import AbstractConnection, Connection, SSLConnection, UnixDomainSocketConnection
from redis.exceptions import RedisError

_MEANT: Final = {
    "required": True,
    "true": True,
    "yes": True,
    "1": True,
    "none": False,
    "false": False,
    "no": False,
    "0": False,
}


def _number(raw: str) -> bool:
    return re.fullmatch(r"[0-9]{1,9}", raw) is not None


def _yes_or_no(raw: str) -> bool:
    return raw.lower() in {*_MEANT} - {"none", "required"}


def _any(_raw: str) -> bool:
    return True


_ALLOWED: Final[dict[str, Callable[[str], bool]]] = {
    "db": _number,
    "client_name": lambda raw: re.fullmatch(r"[!-~]{1,100}", raw) is not None,
    "protocol": lambda raw: raw in ("2", "3"),
    "socket_keepalive": _yes_or_no,
}
_ALLOWED_WITH_TLS: Final[dict[str, Callable[[str], bool]]] = {
    "ssl_cert_reqs": lambda raw: raw in ("none", "required"),
    "ssl_check_hostname": _yes_or_no,
    "ssl_ca_certs": _any,
    "ssl_ca_path": _any,
    "ssl_ca_data": _any,
    "ssl_certfile": _any,
    "ssl_keyfile": _any,
    "ssl_password": _any,
    "ssl_ciphers": _any,
}
_WHY_REFUSED: Final = {
    **dict.fromkeys(("username", "password"), "belongs before the @ of the address"),
    **dict.fromkeys(("host", "port", "path"), "names another address than the one that stands there"),
    **dict.fromkeys(
        ("decode_responses", "encoding", "encoding_errors", "legacy_responses", "parser_class"),
        "changes what Redis' answers look like",
    ),
}


def tls_options(parts: SplitResult, *, verify: bool) -> dict[str, Any]:
    """What a connection is told about TLS."""
    return {"ssl_cert_reqs": "none", "ssl_check_hostname": False} if parts.scheme == "rediss" and not verify else {}


def secrets_in(parts: SplitResult) -> tuple[str, ...]:
    """What must never be printed, as it is written there and as it is decoded."""
    options = [value for name, value in parse_qsl(parts.query) if name == "ssl_password"]
    return tuple(value for value in (parts.password, unquote(parts.password or ""), *options) if value)


def refuse(raw: str, parts: SplitResult, *, verify: bool) -> None:
    """Raise ValueError, with the rest of the sentence "REDIS_URL ...", for what cannot be right or cannot work."""
    _refuse_address(parts)
    _refuse_options(parts)
    if parts.scheme == "rediss":
        _refuse_contradictions(dict(parse_qsl(parts.query)), verify=verify)
    _build(raw, tls_options(parts, verify=verify), parts)


def _refuse_address(parts: SplitResult) -> None:
    if parts.scheme not in ("redis", "rediss", "unix") or not (
        parts.path if parts.scheme == "unix" else parts.hostname
    ):
        raise ValueError("must start with redis://, rediss:// or unix:// and name a host or a socket")
    if parts.fragment:
        raise ValueError("has a #: in a password it is written %23")
    if parts.scheme == "unix":
        if parts.hostname:
            raise ValueError("must name the socket by its whole path: unix:///run/redis.sock, with three slashes")
        return
    if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*", parts.hostname or "") or parts.port == 0:
        raise ValueError("must name one host, and a port above 0")
    if not re.fullmatch(r"/?|/[0-9]{1,9}", parts.path):
        raise ValueError("must have a number behind the host, the database, or nothing")


def _refuse_options(parts: SplitResult) -> None:
    options = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in options]
    if len(set(names)) < len(names) or ("db" in names and parts.path.strip("/") and parts.scheme != "unix"):
        raise ValueError("says one thing twice")
    allowed = {**_ALLOWED, **(_ALLOWED_WITH_TLS if parts.scheme == "rediss" else {})}
    for name, value in options:
        if name not in allowed:
            raise ValueError(_why_refused(name))
        if not value or not allowed[name](value):
            raise ValueError(f"has a value for {name} that cannot be meant")


def _why_refused(name: str) -> str:
    """Why an option is refused; a name that is no option may be part of a secret, and is not repeated."""
    if name in _ALLOWED_WITH_TLS:
        return f"has the option {name}, which is for rediss:// alone"
    if name in _WHY_REFUSED:
        return f"has the option {name}, which {_WHY_REFUSED[name]}"
    if name in _known():
        return f"has the option {name}, which this program sets itself or cannot use: leave it out"
    return "has an option that Redis does not know"


def _known() -> set[str]:
    """Every option of redis-py's."""
    classes = (Redis, ConnectionPool, BlockingConnectionPool, AbstractConnection, Connection, SSLConnection)
    return {
        name for kind in (*classes, UnixDomainSocketConnection) for name in inspect.signature(kind.__init__).parameters
    }


def _refuse_contradictions(options: dict[str, str], *, verify: bool) -> None:
    said = {"ssl_cert_reqs": options.get("ssl_cert_reqs"), "ssl_check_hostname": options.get("ssl_check_hostname")}
    for name, value in said.items():
        if value is not None and _MEANT[value.lower()] != verify:
            other = "false" if verify else "true"
            raise ValueError(f"says by {name} the opposite of REDIS_TLS_VERIFY: leave it out, or set that to {other}")


def _build(raw: str, options: dict[str, Any], parts: SplitResult) -> None:
    """Make a real connection object, as all others are made, and what TLS needs; nothing is sent."""
    try:
        pool = BlockingConnectionPool.from_url(raw, **options)
        connection = pool.make_connection()  # type: ignore[no-untyped-call]  # redis-py has no types here
        if "ssl_" in parts.query:
            with socket.socket() as unconnected:
                connection._wrap_socket_with_ssl(unconnected).close()  # noqa: SLF001 -- there is no other way to its context
    except (ValueError, TypeError, OSError, RedisError):
        raise ValueError("has an option with which no connection can be made (a file that is not there?)") from None
