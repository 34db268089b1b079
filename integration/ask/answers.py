"""What a client is told of a request: by a poll and by a callback alike; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from integration.ask.records import Record
from integration.facts import Nothing, Standing
from integration.note import Note, slack, text
from integration.note.document import Block, Line, Parts, SessionParts

_MAX_CHARACTERS: Final = 60_000  # of one text
_REASONS: Final[Mapping[Nothing, str]] = {
    Nothing.NO_SESSION: "no session of this person was found",
    Nothing.FAILED: "LogRocket made no highlights",
}
_ENDS: Final = {"empty": "none", "skipped": "failed", "failed": "failed"}
QUEUED, RUNNING, READY, NONE, FAILED, EXPIRED = STATUSES = ("queued", "running", "ready", "none", "failed", "expired")
_STEPS: Final = 24  # that a result is kept for: an hour each, by default
_LOST: Final = "it was lost: ask again"


def result(note: Note, *, asked_at: float, now: float, keep_seconds: float) -> dict[str, Any]:
    """What a note tells, as it is kept.

    Its end is told in steps from when it was asked for: when Redis has lost that it was told, the same is told again.
    """
    parts = note.parts
    nothing = None if parts.nothing is None else _REASONS[parts.nothing]
    status = READY if parts.nothing is None else FAILED if parts.nothing is Nothing.FAILED else NONE
    return {
        "status": status,
        "reason": nothing,
        "summary_markdown": None if nothing else slack.render(_only(parts), max_characters=_MAX_CHARACTERS),
        "summary_text": None if nothing else text.render(_only(parts), max_characters=_MAX_CHARACTERS),
        "sessions": list(map(_session, parts.sessions)),
        "all_sessions_url": parts.all_sessions or None,
        "expires_at": iso(asked_at + keep_seconds + _rounded_down(now - asked_at, step=keep_seconds / _STEPS)),
    }


def told(case_id: str, record: Record, standing: Standing | None) -> dict[str, Any]:
    """All that a client is told of its request."""
    known = record.result or _without_result(standing)
    return {"id": case_id, "status": known["status"], "reason": known["reason"], "reference": record.reference, **known}


def event(case_id: str, record: Record, *, now: float) -> dict[str, Any]:
    """The body of a callback, as Standard Webhooks has them."""
    data = told(case_id, record, None)
    return {"type": f"highlights.{data['status']}", "timestamp": iso(now), "data": data}


def status_of(record: Record, standing: Standing | None) -> str:
    """How a request stands, in the API's words."""
    status: str = (record.result or _without_result(standing))["status"]
    return status


def iso(moment: float) -> str:
    """A time in ISO 8601."""
    return datetime.fromtimestamp(int(moment), UTC).isoformat().replace("+00:00", "Z")


def _rounded_down(seconds: float, *, step: float) -> float:
    return max(seconds, 0.0) // step * step


def _without_result(standing: Standing | None) -> dict[str, Any]:
    nothing: dict[str, Any] = {"summary_markdown": None, "summary_text": None, "sessions": []}
    nothing |= {"all_sessions_url": None, "expires_at": None}
    if standing is None or standing.state == "posted":
        return {"status": FAILED, "reason": _LOST, **nothing}
    if standing.state in _ENDS:
        return {"status": _ENDS[standing.state], "reason": standing.reason, **nothing}
    return {"status": QUEUED if standing.state == "received" else RUNNING, "reason": None, **nothing}


def _session(session: SessionParts) -> dict[str, Any]:
    note = _note(session.blocks)
    return {
        "url": session.url,
        "started_at": None if session.at is None else iso(session.at),
        "text": text.render(note, max_characters=_MAX_CHARACTERS),
    }


def _only(parts: Parts) -> Note:
    """The summary; where there is none, what the sessions tell."""
    return _note(parts.summary or tuple(block for session in parts.sessions for block in session.blocks))


def _note(blocks: tuple[Block, ...]) -> Note:
    """Some blocks alone, to be written down."""
    return Note(heading=None, body=blocks, complete=True, closing=None, cut_line=Line(), last_line=Line())
