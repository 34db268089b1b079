"""The whole product against the stand-ins: both services, the product's own `serve`, and one ticket to show it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from http import HTTPStatus
from pathlib import Path
from typing import Final, Self

from sandbox import Comment, Sandbox, beside, outcome
from sandbox.children import Child
from sandbox.doors import Doors
from sandbox.doors import page as doors_page
from sandbox.outbound import send
from sandbox.wire import HOST
from sandbox.zendesk import Product

PAGE_PORT: Final = 8025
PRODUCT_PORT: Final = 8000
START_SECONDS: Final = 60.0
INSTALL_SECONDS: Final = 60.0
NOTE_SECONDS: Final = 60.0
LOGROCKET_SECONDS: Final = 3.0
BACKLOG: Final = 2048

INSTALL: Final = (sys.executable, "-m", "integration", "install", "--yes", "--ratings")
"""The product's own command for Zendesk, which says `ZENDESK_WEBHOOK_SECRET=...` at its end."""
SERVE: Final = (sys.executable, "-m", "integration", "serve", "--data")
"""The product's own command for Valkey, web and worker; it takes the folder for its data, where Valkey listens."""
SOCKET: Final = "valkey.sock"

BLANK: Final = tuple(
    """
    ADMIN_PASSWORD ASK_CALLBACK_HOSTS ASK_CALLBACK_SECRET ASK_KEEP_HOURS ASK_TOKENS BACKOFF_SECONDS DELAY_SECONDS
    FAILED_RETRY_SECONDS FORMBRICKS_COMMENT FORMBRICKS_SCORE FORMBRICKS_WEBHOOK_SECRET HEROKU_APP_DEFAULT_DOMAIN_NAME
    IDENTIFY_BY INTERCOM_ACCESS_TOKEN INTERCOM_ADMIN_ID INTERCOM_CLIENT_SECRET INTERCOM_REGION INTERCOM_URL
    KEEP_ALIVE_SECONDS KEY_PREFIX LANGUAGE LOGROCKET_API_KEY LOGROCKET_API_URL LOGROCKET_APP_ID LOGROCKET_APP_URL
    LOGROCKET_PROJECTS LOGROCKET_REQUESTS_PER_HOUR LOG_FORMAT LOG_LEVEL LOOKAHEAD_MINUTES LOOKBACK_HOURS NOTE_TEMPLATE
    POLL_AFTER_SECONDS PUBLIC_URL QUESTION REDIS_TLS_VERIFY REDIS_URL RETENTION_DAYS REUSE_MINUTES SECRET_KEY
    SECRET_KEY_FALLBACKS SETTLE_SECONDS SKIP_DOMAINS SLACK_API_URL SLACK_BOT_TOKEN SLACK_CHANNEL SURVEY_MAX_SCORE
    SURVEY_SETTLE_SECONDS SURVEY_TOKEN TAG_POSTED TIMEZONE TYPEFORM_COMMENT TYPEFORM_SCORE TYPEFORM_WEBHOOK_SECRET
    WEB_CONCURRENCY WHEN_EMPTY WHEN_FAILED WORKER_CONCURRENCY ZENDESK_API_TOKEN ZENDESK_CLIENT_ID ZENDESK_CLIENT_SECRET
    ZENDESK_EMAIL ZENDESK_SUBDOMAIN ZENDESK_URL ZENDESK_WEBHOOK_SECRET
    """.split()  # noqa: SIM905 -- a list of words
)
"""Every variable of the product: set, be it to nothing, so that neither a `.env` nor a shell says anything here."""

PASSED_ON: Final = ("HOME", "TMPDIR")
"""All of the caller's environment that anything here ever sees, besides PATH."""


class Failed(Exception):  # it says what happened
    """The show does not go on; the message is the reason that a person reads."""


class NoNote(Failed):
    """A ticket gets no note, and everything else goes on; `why` is the reason alone."""

    def __init__(self, text: str, *, why: str) -> None:
        """Keep both."""
        super().__init__(text)
        self.why = why


class Stage:
    """Everything that `make sandbox` starts. What was started ends with the `with` block."""

    def __init__(self, folder: Path, *, quiet: bool, note_seconds: float) -> None:
        """Prepare for the product in `folder`; `quiet` keeps its logs until they are needed."""
        self._note_seconds = note_seconds
        self._checkout = folder
        self._quiet = quiet
        self._ends = ExitStack()
        self._folder = Path()
        self._product = Path()
        self._serve: Child | None = None
        self.admin_password = secrets.token_urlsafe(12)
        self.product_url = ""
        self.sandbox: Sandbox
        self.doors: Doors
        self.shown: beside.Running

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
        self._ends.close()

    def _start(self) -> None:
        folder = beside.temporary_folder().resolve()
        self._ends.callback(shutil.rmtree, folder, ignore_errors=True)
        self._folder = folder
        self._product = without_env_file(self._checkout, folder / "product")
        self.sandbox = _sandbox()
        self._ends.callback(self.sandbox.stop)
        self._start_doors()
        self.sandbox.start()
        self.sandbox.logrocket.delay = LOGROCKET_SECONDS
        with listening(PRODUCT_PORT) as taken:
            port = taken.getsockname()[1]
            self.product_url = f"http://{HOST}:{port}"
            self.sandbox.zendesk.product = Product(self.product_url, self.admin_password, said_of=self._said_of_ticket)
            environment = surroundings() | {"PORT": str(port)}
            variables = dict.fromkeys(BLANK, "") | self.sandbox.environment() | {"PUBLIC_URL": self.product_url}
            self.doors.aim(self.product_url)
            variables |= self.doors.environment()
            data = folder / "data"
            variables |= self._variables(data) | {"ZENDESK_WEBHOOK_SECRET": self._installed(environment | variables)}
            self._serve = self._child("serve", [*SERVE, str(data)], environment | variables, serves=taken)
        self._wait_for(self._is_ready, START_SECONDS, f"the web process was not ready after {START_SECONDS:.0f} s")
        self.doors.open(self.product_url)
        self._publish(folder, variables)

    def _start_doors(self) -> None:
        """Start what is behind the other doors; their page stands beside the tickets'."""
        self.doors = Doors(faults=self.sandbox.faults, callbacks_to=self.sandbox.zendesk.url)
        self._ends.callback(self.doors.stop)
        self.doors.said_of = self.said_of
        self.sandbox.zendesk.app.register_blueprint(doors_page.blueprint(self.doors))
        self.sandbox.recorders |= self.doors.recorders()
        self.doors.start()

    def _variables(self, data: Path) -> dict[str, str]:
        """The product's variables that are the sandbox's own choice."""
        return {
            "REDIS_URL": f"unix://{data / SOCKET}",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "ADMIN_PASSWORD": self.admin_password,
            "POLL_AFTER_SECONDS": "15",
            "FAILED_RETRY_SECONDS": ",".join(outcome.RETRY_SECONDS),
            "SETTLE_SECONDS": "10",
            "BACKOFF_SECONDS": "2",
            "DELAY_SECONDS": "2",
            "WEB_CONCURRENCY": "2",
            "WORKER_CONCURRENCY": "2",
        }

    def _publish(self, folder: Path, variables: dict[str, str]) -> None:
        """Let other commands find this sandbox."""
        url = self.sandbox.zendesk.url
        self.shown = beside.Running(pid=os.getpid(), page=url, product=self.product_url, variables=variables)
        self._ends.callback(beside.Published(folder, self.shown).close)

    def _installed(self, environment: dict[str, str]) -> str:
        """Let the product install itself in Zendesk; return the signing secret that it tells."""
        install = self._child("install", INSTALL, environment)
        self._wait_for(lambda: install.exit_code is not None, INSTALL_SECONDS, "the installation did not end")
        secret = install.value_of("ZENDESK_WEBHOOK_SECRET")
        if install.exit_code or not secret:
            raise Failed(f"install ended with exit code {install.exit_code}:\n{install.last_lines()}")
        return secret

    def _child(
        self, name: str, command: Sequence[str], environment: dict[str, str], *, serves: socket.socket | None = None
    ) -> Child:
        child = Child(
            name,
            command,
            folder=self._product,
            removed=self._folder,
            environment=environment,
            quiet=self._quiet,
            serves=serves,
        )
        self._ends.callback(child.end)
        return child

    def _is_ready(self) -> bool:
        answer = send("GET", f"{self.product_url}/readyz", body=b"", headers={}, timeout=2)
        return answer.status is not None and answer.status < HTTPStatus.BAD_REQUEST

    def wait_for_note(self, ticket_id: int) -> Comment:
        """The internal note of a ticket when it is there; `NoNote` tells why it never comes."""
        zendesk, logrocket = self.sandbox.zendesk, self.sandbox.logrocket

        def is_noted() -> bool:
            if zendesk.internal_notes(ticket_id):
                return True
            why = outcome.why_no_note(zendesk, logrocket, zendesk.ticket(ticket_id))
            if why is not None:
                raise NoNote(f"ticket {ticket_id} gets no note: {why}.\n{self.logs()}", why=why)
            return False

        self._wait_for(is_noted, self._note_seconds, f"no note on ticket {ticket_id} after {self._note_seconds:.0f} s")
        return zendesk.internal_notes(ticket_id)[0]

    def said_of(self, case: str) -> str | None:
        """What the product's log said last about a case."""
        return None if self._serve is None else self._serve.said_of(case)

    def _said_of_ticket(self, ticket_id: int) -> str | None:
        return self.said_of(str(ticket_id))

    def watch(self) -> None:
        """Stay until a part of it ends, which is a failure."""
        self._wait_for(lambda: False, float("inf"), "")

    def logs(self) -> str:
        """What the product said last, and what the stand-ins were asked."""
        said = "" if self._serve is None else f"{self._serve.last_lines()}\n"
        return f"{said}{self._seen()}"

    def _wait_for(self, condition: Callable[[], bool], limit: float, otherwise: str) -> None:
        """Wait until something holds, while the product runs."""
        end = time.monotonic() + limit
        while not condition():
            if self._serve is not None and self._serve.exit_code is not None:
                raise Failed(f"serve ended with exit code {self._serve.exit_code}:\n{self._serve.last_lines()}")
            if time.monotonic() > end:
                raise Failed(f"{otherwise}\n{self.logs()}")
            time.sleep(0.1)

    def _seen(self) -> str:
        """The last requests that the stand-ins got, with their answers."""
        lines = []
        for name, recorder in self.sandbox.recorders.items():
            asked = [f"  {r.method} {r.path.partition('?')[0]} -> {r.status}" for r in recorder.requests[-10:]]
            lines += [f"{name} was asked:", *(asked or ["  nothing"])]
        calls = [f"  {callback.status}" for callback in self.sandbox.logrocket.callbacks_made[-5:]]
        return "\n".join([*lines, "LogRocket's callbacks were answered:", *(calls or ["  none was made"])])


def _sandbox() -> Sandbox:
    """The stand-ins, the page on its usual port when that is free."""
    try:
        return Sandbox(zendesk_port=PAGE_PORT)
    except OSError:
        return Sandbox()


def without_env_file(folder: Path, shown: Path) -> Path:
    """Make a folder that shows all of another one but its `.env`, which the product reads where it is started."""
    shown.mkdir()
    for entry in folder.resolve().iterdir():
        if entry.name != ".env":
            (shown / entry.name).symlink_to(entry)
    return shown


def listening(wanted: int) -> socket.socket:
    """Take a port for the product, the usual one when it is free; nobody else can take it from then on."""
    try:
        return socket.create_server((HOST, wanted), backlog=BACKLOG)
    except OSError:
        return socket.create_server((HOST, 0), backlog=BACKLOG)


def surroundings() -> dict[str, str]:
    """The environment of every child: this Python first, and nothing that could speak to the product."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    passed = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed | {"PATH": path, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}
