"""How the endpoints for machines answer: a status, and a line that says nothing but the outcome."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response

from integration import logs

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RETRY_AFTER_SECONDS = 30  # Zendesk, for one, comes back only when told less than 60

_KIND = ("Content-Type", "text/plain; charset=utf-8")

log = logs.get(__name__)


@dataclass(frozen=True)
class Answer:
    """An answer in plain text, which is a WSGI application."""

    status: int
    text: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)

    @property
    def body(self) -> str:
        """The text as a line."""
        return f"{self.text}\n" if self.text else ""

    def __call__(self, _environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        body = self.body.encode()
        headers = [_KIND, ("Content-Length", str(len(body))), *self.headers]
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", headers)
        return [body] if body else []

    @property
    def of_flask(self) -> Response:
        """The same, as Flask's views return it."""
        return Response(self.body, status=self.status, headers=dict(self.headers), mimetype="text/plain")


def later(path: str, reason: str, **facts: object) -> Answer:
    """503, with the time to come again; the reason is for the log alone."""
    log.error("delivery put off", path=path, reason=reason, **facts)
    return Answer(503, "try again later", headers=(("Retry-After", str(RETRY_AFTER_SECONDS)),))
