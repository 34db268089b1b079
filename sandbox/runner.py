"""The whole product against the stand-ins: Valkey, both services, web and worker, and one ticket to show it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Self

import requests

from sandbox import Comment, Sandbox, embedded_valkey
from sandbox.children import Child, procfile, python_file
from sandbox.wire import HOST
from sandbox.zendesk import Product

PAGE_PORT: Final = 8025
PRODUCT_PORT: Final = 8000
START_SECONDS: Final = 60.0
INSTALL_SECONDS: Final = 60.0
NOTE_SECONDS: Final = 60.0
LOGROCKET_SECONDS: Final = 3.0
LONGEST_TEMP: Final = 70

INSTALL: Final = "exec python -m integration install --yes"
"""The product's own command for Zendesk, which says `ZENDESK_WEBHOOK_SECRET=...` at its end."""

BLANK: Final = (
    "ADMIN_PASSWORD BACKOFF_SECONDS FAILED_RETRY_SECONDS HEROKU_APP_DEFAULT_DOMAIN_NAME KEEP_ALIVE_SECONDS "  # noqa: SIM905  # a list of words
    "KEY_PREFIX LOG_FORMAT LOG_LEVEL "
    "LOGROCKET_API_KEY LOGROCKET_API_URL LOGROCKET_APP_ID LOGROCKET_APP_URL POLL_AFTER_SECONDS PUBLIC_URL "
    "REDIS_TLS_VERIFY REDIS_URL RETENTION_DAYS SECRET_KEY SECRET_KEY_FALLBACKS SETTLE_SECONDS WEB_CONCURRENCY "
    "WORKER_CONCURRENCY ZENDESK_API_TOKEN ZENDESK_CLIENT_ID ZENDESK_CLIENT_SECRET ZENDESK_EMAIL "
    "ZENDESK_SUBDOMAIN ZENDESK_URL ZENDESK_WEBHOOK_SECRET".split()
)
"""Every variable of the product: set, be it to nothing, so that the `.env` of the checkout says nothing here."""

PASSED_ON: Final = ("HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")


class Failed(Exception):  # it says what happened
    """The show does not go on; the message is the reason that a person reads."""


class Stage:
    """Everything that `make sandbox` starts. What was started ends with the `with` block."""

    def __init__(self, folder: Path, *, quiet: bool) -> None:
        """Prepare for the product in `folder`; `quiet` keeps its logs until they are needed."""
        self._folder = folder
        self._quiet = quiet
        self._ends = ExitStack()
        self._children: list[Child] = []
        self.admin_password = secrets.token_urlsafe(12)
        self.product_url = ""
        self.sandbox: Sandbox

    def __enter__(self) -> Self:
        """Start everything and wait until the product is ready."""
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_details: object) -> None:
        """End everything, the product first."""
        for child in self._children:
            if child.name != "valkey":
                child.begin_to_end()
        for child in reversed(self._children):
            child.end()
        self._ends.close()

    def _start(self) -> None:
        commands = procfile(self._folder)
        self.sandbox = self._ends.enter_context(_sandbox())
        self.sandbox.logrocket.delay = LOGROCKET_SECONDS
        port = _free_port(PRODUCT_PORT)
        self.product_url = f"http://{HOST}:{port}"
        self.sandbox.zendesk.product = Product(self.product_url, self.admin_password)
        environment = _surroundings() | dict.fromkeys(BLANK, "") | self.sandbox.environment()
        environment |= {"PORT": str(port), "PUBLIC_URL": self.product_url}
        install = self._child("install", INSTALL, environment)
        self._ends.callback(install.end)
        redis_url = self._start_valkey()
        environment |= {
            "REDIS_URL": redis_url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ZENDESK_WEBHOOK_SECRET": self._installed(install),
            "ADMIN_PASSWORD": self.admin_password,
            "POLL_AFTER_SECONDS": "15",
            "FAILED_RETRY_SECONDS": "3,5,8",
            "SETTLE_SECONDS": "10",
            "BACKOFF_SECONDS": "2",
            "WEB_CONCURRENCY": "2",
            "WORKER_CONCURRENCY": "2",
        }
        for name in ("web", "worker"):
            if name not in commands:
                raise Failed(f"the Procfile has no line for {name}")
            self._start_child(name, commands[name], environment)
        self._wait_for(self._is_ready, START_SECONDS, f"the web process was not ready after {START_SECONDS:.0f} s")

    def _start_valkey(self) -> str:
        folder = _temporary_folder()
        self._ends.callback(shutil.rmtree, folder, ignore_errors=True)
        self._start_child("valkey", python_file(embedded_valkey.__file__, str(folder)), _surroundings())
        place = folder / embedded_valkey.SOCKET
        self._wait_for(lambda: _answers_ping(place), START_SECONDS, "Valkey did not start")
        return f"unix://{place}"

    def _installed(self, install: Child) -> str:
        """Wait until the product has installed itself in Zendesk; return the signing secret that it tells."""
        self._wait_for(lambda: install.exit_code is not None, INSTALL_SECONDS, "the installation did not end")
        secret = install.value_of("ZENDESK_WEBHOOK_SECRET")
        if install.exit_code or not secret:
            raise Failed(f"install ended with exit code {install.exit_code}:\n{install.last_lines()}")
        return secret

    def _start_child(self, name: str, command: str, environment: dict[str, str]) -> None:
        self._children.append(self._child(name, command, environment))

    def _child(self, name: str, command: str, environment: dict[str, str]) -> Child:
        return Child(name, command, folder=self._folder, environment=environment, quiet=self._quiet)

    def _is_ready(self) -> bool:
        with suppress(requests.RequestException):
            return requests.get(f"{self.product_url}/readyz", timeout=2).ok
        return False

    def wait_for_note(self, ticket_id: int) -> Comment:
        """Return the internal note of a ticket when it is there; Failed tells why it never comes."""
        zendesk = self.sandbox.zendesk

        def is_noted() -> bool:
            refused = [d for d in zendesk.deliveries if d.ticket_id == ticket_id and d.outcome != "success"]
            for delivery in refused:
                statuses = ", ".join(str(attempt.status or "no answer") for attempt in delivery.attempts)
                raise Failed(f"the product refused the delivery of ticket {ticket_id}: {statuses}\n{self.logs()}")
            return bool(zendesk.internal_notes(ticket_id))

        self._wait_for(is_noted, NOTE_SECONDS, f"no note on ticket {ticket_id} after {NOTE_SECONDS:.0f} s")
        return zendesk.internal_notes(ticket_id)[0]

    def watch(self) -> None:
        """Stay until a part of it ends, which is a failure."""
        self._wait_for(lambda: False, float("inf"), "")

    def logs(self) -> str:
        """Return what the product said last, and what the stand-ins were asked."""
        said = [child.last_lines() for child in self._children if child.name != "valkey"]
        return "\n".join([*said, self._seen()])

    def _wait_for(self, condition: Callable[[], bool], limit: float, otherwise: str) -> None:
        """Wait until something holds, while everything that was started lives."""
        end = time.monotonic() + limit
        while not condition():
            for child in self._children:
                if child.exit_code is not None:
                    raise Failed(f"{child.name} ended with exit code {child.exit_code}:\n{child.last_lines()}")
            if time.monotonic() > end:
                raise Failed(f"{otherwise}\n{self.logs()}")
            time.sleep(0.1)

    def _seen(self) -> str:
        """Return the last requests that the stand-ins got, with their answers."""
        lines = []
        for name, service in (("Zendesk", self.sandbox.zendesk), ("LogRocket", self.sandbox.logrocket)):
            asked = [f"  {r.method} {r.path.partition('?')[0]} -> {r.status}" for r in service.requests[-10:]]
            lines += [f"{name} was asked:", *(asked or ["  nothing"])]
        calls = [f"  {callback.status}" for callback in self.sandbox.logrocket.callbacks_made[-5:]]
        return "\n".join([*lines, "LogRocket's callbacks were answered:", *(calls or ["  none was made"])])


def _sandbox() -> Sandbox:
    """Return the stand-ins, the page on its usual port when that is free."""
    try:
        return Sandbox(zendesk_port=PAGE_PORT)
    except OSError:
        return Sandbox()


def _temporary_folder() -> Path:
    """Return a new folder whose name is short enough for a socket in it: the system allows about 104 bytes."""
    short = len(tempfile.gettempdir()) <= LONGEST_TEMP
    return Path(tempfile.mkdtemp(prefix="sandbox-", dir=None if short else "/tmp"))  # noqa: S108  # made anew


def _free_port(wanted: int) -> int:
    """Return a port for the product: the usual one when it is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(OSError):
                probe.bind((HOST, port))
                return int(probe.getsockname()[1])
    raise Failed("no port is free")


def _surroundings() -> dict[str, str]:
    """Return the environment of every child: this Python first, and nothing that could speak to the product."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed | {"PATH": path, "PYTHONUNBUFFERED": "1"}


def _answers_ping(place: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as client, suppress(OSError):
        client.settimeout(1)
        client.connect(str(place))
        client.sendall(b"PING\r\n")
        return client.recv(16).startswith(b"+PONG")
    return False
