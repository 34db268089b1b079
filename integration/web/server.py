"""`python -m integration.web`: gunicorn with the web process. Exit 2 when settings are at fault.

gunicorn is started from here and not from its own command because that reads WEB_CONCURRENCY before anything of ours
runs: a blank one ends it with a traceback. Settings are read in the master: a worker that cannot start would be
started again for ever.

Each connection has a gevent greenlet: a client that sends a byte a second holds up nobody but itself. What all of them
may hold together is bounded (`bounds`).

What gevent replaces it tells to plugins, for which it looks through all that is installed, 25 times: a tenth of the
start. There are none, and nothing that is installed has a say in that. It leaves `select` alone: nobody waits by it
here, and redis-py asks it, whenever it takes a connection, whether that is still good, which gevent's does slowly.
"""

# ruff: noqa: E402 -- gevent has to come before everything that uses sockets
from __future__ import annotations

from importlib import metadata

from gevent import monkey

_entry_points = metadata.entry_points
metadata.entry_points = lambda **_: metadata.EntryPoints()  # type: ignore[assignment]  # until it is done
monkey.patch_all(select=False)
metadata.entry_points = _entry_points

import gc
import os
import resource
import sys
from typing import Any

from integration import logs, release
from integration.cases import connections
from integration.errors import SettingsError
from integration.settings import Settings, from_environment
from integration.web import listening
from integration.web.bounds import CONNECTIONS

_FILES = 4096  # that one process may have open, where the platform lets it
_OTHER_FILES = 200  # that are not clients' connections, or are about to be closed


def main() -> int:
    """Serve until SIGTERM."""
    try:
        settings, port = _read(os.environ.get("PORT", ""))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    logs.configure(settings)
    try:
        connections.refuse_foreign(settings)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for warning in settings.warnings:
        logs.get("integration").warning(warning)
    serves = options(settings, port, files=_files())
    logs.get("integration").info(
        "web started", **release.told(settings, os.environ), listens=serves["bind"], workers=serves["workers"]
    )
    os.environ.pop("WEB_CONCURRENCY", None)  # gunicorn would read it when it is imported
    from gunicorn.app.base import BaseApplication  # noqa: PLC0415 -- see above

    from integration.web.app import create_app  # noqa: PLC0415 -- likewise for what it imports
    from integration.web.gunicorn_worker import Log, Worker  # noqa: PLC0415 -- likewise for gunicorn

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn publishes no types
        def load_config(self) -> None:
            for name, value in serves.items():
                self.cfg.set(name, value)
            self.cfg.set("worker_class", Worker)
            self.cfg.set("logger_class", Log)

        def load(self) -> Any:  # noqa: ANN401 -- a WSGI application
            app = create_app(settings)
            gc.collect()
            gc.freeze()  # what is loaded stays: looked through by no process, it stays in the memory that all share
            gc.enable()
            return app

    Server().run()
    return 0


def _read(raw_port: str) -> tuple[Settings, int]:
    """The settings and the port, or every problem of both at once."""
    problems: list[str] = []
    try:
        port = listening.port(raw_port)
    except SettingsError as error:
        port, problems = 0, list(error.problems)
    try:
        settings = from_environment()
    except SettingsError as error:
        raise SettingsError([*error.problems, *problems]) from None
    if problems:
        raise SettingsError(problems)
    return settings, port


def _files() -> int:
    """How many files this process and its children may have open: as many as they need, if that is allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def options(settings: Settings, port: int, *, files: int = _FILES) -> dict[str, Any]:
    """How gunicorn serves, with so many open files."""
    return {
        "bind": f"{listening.host(settings)}:{port}",
        "workers": settings.web_concurrency,
        "worker_connections": max(min(CONNECTIONS, files - _OTHER_FILES), 1),
        "graceful_timeout": 8,
        "keepalive": settings.keep_alive_seconds,
        "accesslog": None,  # a request's address holds a token
        "loglevel": "warning",
        "control_socket_disable": True,
        "preload_app": True,  # once, before the workers are forked
        "sendfile": False,  # which knows no bounds of time
    }


if __name__ == "__main__":
    sys.exit(main())
