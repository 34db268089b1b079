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
from typing import Any, Literal, TypedDict, get_args

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.faults import Faults
from sandbox.highlights import Story, sample
from sandbox.outbound import Background, send
from sandbox.server import LoopbackServer, Recorded
from sandbox.wishes import problem_of
from sandbox.zendesk.records import now

Outcome = Literal["READY", "FAILED", "EMPTY", "COMPLETE", "PENDING"]
Callbacks = Literal["once", "none", "twice"]
Result = dict[str, Any]

CALLBACK_TIMEOUT = 30.0


class HighlightsRecord(TypedDict):
    """One request for highlights; `payload` is what polling and the callback tell."""

    request: dict[str, Any]
    webhookURL: str | None
    outcome: Outcome
    ready: bool
    asked_at: datetime
    payload: dict[str, Any]


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
        self.org, self.app = "acme", "shop"
        self.api_key = f"{self.org}:{self.app}:{secrets.token_hex(16)}"
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
        self._background = Background()
        self._server = LoopbackServer("logrocket", _application(self), faults=faults, port=port)

    @property
    def app_id(self) -> str:
        """The app as LogRocket shows it: `org/app`."""
        return f"{self.org}/{self.app}"

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

    def take(self, wish: dict[str, Any]) -> str:
        """Begin to work on a request; returns its id."""
        request_id = secrets.token_hex(32)
        with self._lock:
            usual = self.outcomes.get(_person(wish), self.default)
            outcome = self._script.popleft() if self._script else usual
            callbacks, delay = self.callbacks, self.delay + self.extra_delay
            record = HighlightsRecord(
                request=wish,
                webhookURL=wish.get("webhookURL"),
                outcome=outcome,
                ready=False,
                asked_at=now(),
                payload=self._payload(wish, request_id, outcome),
            )
            self._results[request_id] = record
        if outcome != "PENDING":
            self._background.run(lambda: self._finish(request_id, record, delay, callbacks))
        return request_id

    def poll(self, request_id: str) -> dict[str, Any] | None:
        """Return what there is to tell about a request; None when there is no such request."""
        with self._lock:
            record = self._results.get(request_id)
            return None if record is None else _told(record, ready=record["ready"])

    def _payload(self, wish: dict[str, Any], request_id: str, outcome: Outcome) -> dict[str, Any]:
        result: Result | None = None
        if outcome == "EMPTY":
            result = {"highlights": "", "sessions": []}
        elif outcome in ("READY", "COMPLETE"):
            now_ms = int(time.time() * 1000)
            make, story = self.highlights_for, self.stories.get(_person(wish))
            where = {"app_id": self.app_id, "app_url": self.app_url}
            result = make(wish) if make else sample(wish, **where, now_ms=now_ms, story=story)
        status = "READY" if outcome == "EMPTY" else outcome
        return {"result": result, "status": status, "appID": self.app_id, "requestID": request_id}

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


def _person(wish: dict[str, Any]) -> str:
    return str(wish.get("userEmail") or wish.get("userID"))


def _told(record: HighlightsRecord, *, ready: bool) -> dict[str, Any]:
    """Return what a caller is told: the result, or that it is pending."""
    return record["payload"] if ready else record["payload"] | {"result": None, "status": "PENDING"}


def _application(logrocket: LogRocket) -> Flask:
    """Return the HTTP interface."""
    app = Flask("sandbox.logrocket")

    @app.post("/v1/orgs/<org>/apps/<project>/highlights/")
    def request_highlights(org: str, project: str) -> ResponseReturnValue:
        """Take in a request for highlights."""
        refusal = _refused(logrocket, org, project)
        if refusal is not None:
            return refusal
        wish = request.get_json(force=True, silent=True)
        if not isinstance(wish, dict):
            return jsonify(error="body must be a JSON object"), 400
        problem = problem_of(wish)
        if problem is not None:
            return jsonify(error=problem), 400
        return jsonify(id=logrocket.take(wish))

    @app.post("/v1/orgs/<org>/apps/<project>/highlights")
    def without_slash(org: str, project: str) -> ResponseReturnValue:
        """Refuse: the slash at the end is part of the address."""
        return _refused(logrocket, org, project) or (jsonify(error="Not found"), 404)

    @app.get("/v1/orgs/<org>/apps/<project>/highlights", strict_slashes=False)
    def poll_highlights(org: str, project: str) -> ResponseReturnValue:
        """Tell how far a request is."""
        refusal = _refused(logrocket, org, project)
        if refusal is not None:
            return refusal
        found = logrocket.poll(request.args.get("id", ""))
        return (jsonify(error="Not found"), 404) if found is None else jsonify(found)

    return app


def _refused(logrocket: LogRocket, org: str, project: str) -> ResponseReturnValue | None:
    """Return the refusal of a caller without the right key, or of another org's app."""
    header = request.headers.get("Authorization", "")
    kind, _, key = header.partition(" ")
    if not header or kind.lower() not in ("token", "bearer"):
        return Response("Missing request authorization", 401, mimetype="text/plain")
    if kind.lower() == "bearer":
        return jsonify(detail="token signature is invalid"), 403
    if not secrets.compare_digest(key.strip().encode(), logrocket.api_key.encode()):
        return jsonify(message="Invalid API key"), 401
    if (org, project) != (logrocket.org, logrocket.app):
        return jsonify(error="Not found"), 404
    return None
