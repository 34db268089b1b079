"""`python -m integration.web`: gunicorn with the web process. Exit 2 when settings are at fault.

gunicorn is started from here and not from its own command because that reads WEB_CONCURRENCY before anything of ours
runs: a blank one ends it with a traceback. Settings are read in the master: a worker that cannot start would be
started again for ever.

Each connection has a gevent greenlet: a client that sends a byte a second holds up nobody but itself.
"""

# ruff: noqa: E402 -- gevent has to come before everything that uses sockets
from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import os
import sys
from typing import Any
from urllib.parse import urlsplit

from integration import logs, store
from integration.errors import SettingsError
from integration.settings import Settings, from_environment, is_loopback

_CONNECTIONS = 1000  # at once, to one process


def main() -> int:
    """Serve until SIGTERM."""
    try:
        settings, port = _read(os.environ.get("PORT", ""))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings)
    try:
        store.refuse_foreign(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for warning in settings.warnings:
        logs.get("integration").warning(warning)
    os.environ.pop("WEB_CONCURRENCY", None)  # gunicorn would read it when it is imported
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 -- see above

    from integration.app import create_app  # noqa: PLC0415 -- in the master only to fail early; workers share its memory
    from integration.web_worker import Log, Worker  # noqa: PLC0415 -- likewise for gunicorn

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
        def load_config(self) -> None:
            for name, value in options(settings, port).items():
                self.cfg.set(name, value)
            self.cfg.set("worker_class", Worker)
            self.cfg.set("logger_class", Log)

        def load(self) -> Any:  # noqa: ANN401 -- a WSGI application
            return create_app(settings)

    Server().run()
    return 0


def _read(raw_port: str) -> tuple[Settings, int]:
    """The settings and the port, or every problem of both at once."""
    problems: list[str] = []
    try:
        port = _port(raw_port)
    except SettingsError as error:
        port, problems = 0, list(error.problems)
    try:
        settings = from_environment()
    except SettingsError as error:
        raise SettingsError([*error.problems, *problems]) from None
    if problems:
        raise SettingsError(problems)
    return settings, port


def options(settings: Settings, port: int) -> dict[str, Any]:
    """How gunicorn serves."""
    return {
        "bind": f"{_host(settings)}:{port}",
        "workers": settings.web_concurrency,
        "worker_connections": _CONNECTIONS,
        "graceful_timeout": 8,
        "keepalive": 75,
        "accesslog": None,  # a request's address holds a token
        "loglevel": "warning",
        "control_socket_disable": True,
    }


def _host(settings: Settings) -> str:
    """Where to listen: on this machine only when nobody else is meant to come, else where a platform's router comes."""
    host = urlsplit(settings.public_url).hostname or ""
    if not is_loopback(host):
        return "0.0.0.0"  # noqa: S104 -- see above
    return "127.0.0.1" if host == "localhost" else f"[{host}]" if ":" in host else host


def _port(raw: str) -> int:
    text = raw.strip() or "8000"
    if not (text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65536):  # noqa: PLR2004 -- ports
        raise SettingsError(["PORT must be a port's number"])
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
