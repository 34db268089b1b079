"""How the endpoints for machines answer: a status, and a line that says nothing but the outcome."""

from __future__ import annotations

from flask import Response, request

from integration import logs

RETRY_AFTER_SECONDS = 30  # Zendesk, for one, comes back only when told less than 60

log = logs.get(__name__)


def answer(status: int, text: str = "") -> Response:
    """An answer in plain text."""
    return Response(f"{text}\n" if text else "", status=status, mimetype="text/plain")


def later(reason: str, **facts: object) -> Response:
    """503, with the time to come again; the reason is for the log alone."""
    log.error("delivery put off", path=request.path, reason=reason, **facts)
    response = answer(503, "try again later")
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response
