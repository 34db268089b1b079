"""A stand-in for LogRocket's Galileo Highlights API: requests, results by callback and by polling."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, TypedDict, get_args

from sandbox.faults import Faults
from sandbox.logrocket.api import create_app
from sandbox.logrocket.highlights import EMPTY, highlights
from sandbox.logrocket.stories import Session, Story
from sandbox.outbound import Background, send
from sandbox.server import LoopbackServer, Recorded
from sandbox.zendesk.records import now

__all__ = ["Asked", "Callback", "Callbacks", "HighlightsRecord", "LogRocket", "Outcome", "Session", "Story"]

Outcome = Literal["READY", "FAILED", "EMPTY", "COMPLETE", "PENDING"]
Callbacks = Literal["once", "none", "twice"]
Result = dict[str, Any]

CALLBACK_TIMEOUT: Final = 30.0
PROJECTS: Final = ("acme/shop", "acme/outlet")
"""The projects that there are at first; the product is told of the first one."""


class HighlightsRecord(TypedDict):
    """One request for highlights; `payload` is what polling and the callback tell, also of which project (`appID`)."""

    request: dict[str, Any]
    webhookURL: str | None
    outcome: Outcome
    ready: bool
    asked_at: datetime
    payload: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """What somebody asked for, also when it was refused, with the `status` of the answer."""

    project: str
    body: dict[str, Any]
    status: int

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data: all but the webhook's address, which holds a token."""
        told = {name: value for name, value in self.body.items() if name != "webhookURL"}
        return {"project": self.project, "status": self.status} | told


@dataclass(frozen=True)
class Callback:
    """One call of a `webhookURL`; `status` None when nothing came back. `at` is monotonic."""

    request_id: str
    status: int | None
    at: float
    completed_at: datetime = field(default_factory=now)


class LogRocket:
    """The stand-in and its Python face. What is set holds for the requests that come afterwards."""

    def __init__(self, *, faults: Faults, port: int = 0) -> None:
        """Bind the port (0: any free one)."""
        self.app_id = PROJECTS[0]
        """The first project as LogRocket shows it: `org/app`."""
        self.keys = {project: new_key(project) for project in PROJECTS}
        """The API key of each project."""
        self.refused_projects: set[str] = set()
        """The projects whose key is not accepted."""
        self.knows_question = True
        """An older API refuses requests with a `question`."""
        self.app_url = "https://app.logrocket.com"
        self.delay = 0.1
        self.extra_delay = 0.0
        self.default: Outcome = "READY"
        self.callbacks: Callbacks = "once"
        self.outcomes: dict[str, Outcome] = {}
        """What becomes of the requests for some people, by e-mail or user id, instead of the default."""
        self.stories: dict[str, Story] = {}
        """What some people did, by e-mail or user id, instead of the samples."""
        self.highlights_for: Callable[[dict[str, Any]], Result] | None = None
        self._lock = threading.Lock()
        self._script: deque[Outcome] = deque()
        self._results: dict[str, HighlightsRecord] = {}
        self._callbacks_made: list[Callback] = []
        self._asked: list[Asked] = []
        self._background = Background()
        self._server = LoopbackServer("logrocket", create_app(self), faults=faults, port=port)

    @property
    def api_key(self) -> str:
        """The API key of the first project."""
        return self.keys[self.app_id]

    @api_key.setter
    def api_key(self, key: str) -> None:
        self.keys[self.app_id] = key

    @property
    def url(self) -> str:
        """The address of the API."""
        return self._server.url

    @property
    def requests(self) -> list[Recorded]:
        """What was asked so far, in order of arrival."""
        return self._server.requests

    def forget_requests(self) -> None:
        """Start the record of requests anew."""
        self._server.forget_requests()

    @property
    def results(self) -> dict[str, HighlightsRecord]:
        """The requests for highlights by their ids, oldest first."""
        with self._lock:
            return {key: record.copy() for key, record in self._results.items()}

    @property
    def asked(self) -> list[Asked]:
        """What was asked for so far, in any project, also what was refused."""
        with self._lock:
            return list(self._asked)

    @property
    def callbacks_made(self) -> list[Callback]:
        """The calls of webhook addresses so far, with what they were answered."""
        with self._lock:
            return list(self._callbacks_made)

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering and calling back."""
        self._server.stop()
        self._background.stop()

    def script(self, *outcomes: Outcome) -> None:
        """Set the outcomes of the next requests, in order; afterwards the default holds again."""
        unknown = [outcome for outcome in outcomes if outcome not in get_args(Outcome)]
        if unknown:
            raise ValueError(f"no such outcome: {unknown[0]}")
        with self._lock:
            self._script = deque(outcomes)

    def call_back(self, request_id: str) -> int | None:
        """Call a request's webhook with its result, now; returns the status that came back."""
        record = self.results[request_id]
        return self._call(record["webhookURL"] or "", request_id, _told(record, ready=True))

    def note_asked(self, project: str, body: object, status: int) -> None:
        """Keep what somebody asked for, however it was answered."""
        with self._lock:
            self._asked.append(Asked(project, body if isinstance(body, dict) else {}, status))

    def take(self, asked: dict[str, Any], *, project: str) -> str:
        """Begin to work on a request; returns its id."""
        request_id = secrets.token_hex(32)
        with self._lock:
            usual = self.outcomes.get(_person(asked), self.default)
            outcome = self._script.popleft() if self._script else usual
            callbacks, delay = self.callbacks, self.delay + self.extra_delay
            record = HighlightsRecord(
                request=asked,
                webhookURL=asked.get("webhookURL"),
                outcome=outcome,
                ready=False,
                asked_at=now(),
                payload=self._payload(asked, request_id, outcome, project=project),
            )
            self._results[request_id] = record
        if outcome != "PENDING":
            self._background.run(lambda: self._finish(request_id, record, delay, callbacks))
        return request_id

    def poll(self, request_id: str, *, project: str) -> dict[str, Any] | None:
        """Return what there is to tell about a request; None when the project has no such request."""
        with self._lock:
            record = self._results.get(request_id)
            return _told(record, ready=record["ready"]) if record and record["payload"]["appID"] == project else None

    def _payload(self, asked: dict[str, Any], request_id: str, outcome: Outcome, *, project: str) -> dict[str, Any]:
        result: Result | None = None
        if outcome == "EMPTY":
            result = EMPTY.copy()
        elif outcome in ("READY", "COMPLETE"):
            make, story = self.highlights_for, self.stories.get(_person(asked))
            now_ms = int(time.time() * 1000)
            result = (
                make(asked)
                if make
                else highlights(asked, app_id=project, app_url=self.app_url, now_ms=now_ms, story=story)
            )
        status = "READY" if outcome == "EMPTY" else outcome
        return {"result": result, "status": status, "appID": project, "requestID": request_id}

    def _finish(self, request_id: str, record: HighlightsRecord, delay: float, callbacks: Callbacks) -> None:
        """Wait, then have the result ready and call back."""
        if not self._background.wait(delay):
            return
        with self._lock:
            record["ready"] = True
        if record["webhookURL"]:
            for _ in range({"once": 1, "none": 0, "twice": 2}[callbacks]):
                self._call(record["webhookURL"], request_id, record["payload"])

    def _call(self, url: str, request_id: str, payload: dict[str, Any]) -> int | None:
        """Call a webhook once; nothing is tried again."""
        body = json.dumps(payload).encode()
        at = time.monotonic()
        headers = {"Content-Type": "application/json", "User-Agent": "LogRocket"}
        reply = send("POST", url, body=body, headers=headers, timeout=CALLBACK_TIMEOUT)
        with self._lock:
            self._callbacks_made.append(Callback(request_id, reply.status, at))
        return reply.status


def new_key(project: str) -> str:
    """Return an API key for a project, which begins with its name as real ones do."""
    return f"{project.replace('/', ':')}:{secrets.token_hex(16)}"


def _person(asked: dict[str, Any]) -> str:
    return str(asked.get("userEmail") or asked.get("userID"))


def _told(record: HighlightsRecord, *, ready: bool) -> dict[str, Any]:
    """Return what a caller is told: the result, or that it is pending."""
    return record["payload"] if ready else record["payload"] | {"result": None, "status": "PENDING"}
