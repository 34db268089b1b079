"""What LogRocket says of one highlights request, the same by callback and by polling; no I/O.

Page: https://docs.logrocket.com/docs/session-highlights-api
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Any

from integration.errors import MalformedDelivery
from integration.json_body import parse_object

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_RECORDING_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SESSION_ID = re.compile(r"[0-9]{1,18}")


class Status(enum.Enum):
    """Where a highlights request stands."""

    READY = "READY"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One recorded session: its place under the project's `/s/`, and what the user did in it, as Markdown."""

    recording_id: str
    session_id: int
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Highlights:
    """What a requester did: a summary (Markdown) over up to ten sessions."""

    summary: str = field(repr=False)
    sessions: tuple[Session, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to tell: no session listed, or no text anywhere."""
        return not self.sessions or not (self.summary.strip() or any(each.text.strip() for each in self.sessions))


@dataclass(frozen=True, kw_only=True)
class Result:
    """The state of one request; `highlights` is there exactly when it is READY."""

    request_id: str | None
    status: Status
    highlights: Highlights | None = None


def read(body: bytes) -> Result:
    """The result in a callback's or a poll's body; `MalformedDelivery` when there is none."""
    payload = parse_object(body)
    request_id = payload.get("requestID")
    if request_id is not None and not is_request_id(request_id):
        raise MalformedDelivery("requestID is no id")
    status, result = payload.get("status"), payload.get("result")
    if not isinstance(status, str):
        raise MalformedDelivery("no status")
    if status == "READY" or (status == "COMPLETE" and result is not None):
        return Result(request_id=request_id, status=Status.READY, highlights=_highlights(result))
    return Result(request_id=request_id, status=Status.FAILED if status == "FAILED" else Status.PENDING)


def is_request_id(value: object) -> bool:
    """Whether `value` can be the id of a highlights request (LogRocket's are 64 hexadecimal digits)."""
    return isinstance(value, str) and _REQUEST_ID.fullmatch(value) is not None


def _highlights(result: object) -> Highlights:
    if result is None:
        return Highlights(summary="")
    if not isinstance(result, dict):
        raise MalformedDelivery("result is no object")
    sessions = result.get("sessions")
    if sessions is not None and not isinstance(sessions, list):
        raise MalformedDelivery("sessions is no list")
    return Highlights(summary=_text(result), sessions=tuple(_session(each) for each in sessions or ()))


def _session(found: object) -> Session:
    if not isinstance(found, dict):
        raise MalformedDelivery("a session is no object")
    recording_id, session_id = found.get("recordingID"), found.get("sessionID")
    if not isinstance(recording_id, str) or not _RECORDING_ID.fullmatch(recording_id) or set(recording_id) == {"."}:
        raise MalformedDelivery("a session has no recordingID")
    if isinstance(session_id, bool) or not isinstance(session_id, int | str):
        raise MalformedDelivery("a session has no sessionID")
    if not _SESSION_ID.fullmatch(str(session_id)):
        raise MalformedDelivery("a session has no sessionID")
    return Session(recording_id=recording_id, session_id=int(session_id), text=_text(found))


def _text(found: dict[str, Any]) -> str:
    text = found.get("highlights")
    if text is None:
        return ""
    if not isinstance(text, str):
        raise MalformedDelivery("highlights is no text")
    return text.encode("utf-8", "replace").decode("utf-8")  # a lone surrogate cannot be stored
