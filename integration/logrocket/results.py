"""What LogRocket says of one highlights request, the same by callback and by polling; no I/O.

Page: https://docs.logrocket.com/docs/session-highlights-api
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from integration.errors import MalformedDelivery
from integration.json_body import parse_object

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_RECORDING_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SESSION_ID = re.compile(r"[0-9]{1,18}")
_LINK = re.compile(r"(?<=[A-Za-z0-9._-])/s/([A-Za-z0-9._-]{1,128})/([0-9]{1,18})(?![A-Za-z0-9_-])")


class Status(enum.Enum):
    """Where a highlights request stands."""

    READY = "READY"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One recorded session: what the user did in it, as Markdown; without ids where LogRocket did not give them."""

    recording_id: str | None
    session_id: int
    text: str = field(repr=False)

    @property
    def place(self) -> str | None:
        """Its place under the project's `/s/`, when LogRocket said which session it is."""
        return None if self.recording_id is None else f"{self.recording_id}/{self.session_id}"


@dataclass(frozen=True, kw_only=True)
class Highlights:
    """What a requester did: a summary (Markdown) over up to ten sessions."""

    summary: str = field(repr=False)
    sessions: tuple[Session, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether they are empty: no session listed or linked to, or no text anywhere."""
        if not self.sessions:
            return self._linked is None
        return not (self.summary.strip() or any(session.text.strip() for session in self.sessions))

    @property
    def replay(self) -> str | None:
        """The place of the first session that can be replayed, listed or linked to."""
        return next((session.place for session in self.sessions if session.place), self._linked)

    @property
    def _linked(self) -> str | None:
        """The place of the first session that the summary links to."""
        places = (f"{found[1]}/{int(found[2])}" for found in _LINK.finditer(self.summary) if _is_recording_id(found[1]))
        return next(places, None)


_UNREADABLE = Session(recording_id=None, session_id=0, text="")


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
    """What can be read of a result: a part in another shape than the documented one does not cost the others."""
    if result is None:
        return Highlights(summary="")
    if not isinstance(result, dict):
        raise MalformedDelivery("result is no object")
    listed = result.get("sessions")
    if listed is None:
        listed = []
    sessions = tuple(map(_session, listed)) if isinstance(listed, list) else (_UNREADABLE,)
    highlights = Highlights(summary=_text(result.get("highlights")), sessions=sessions)
    documented = isinstance(listed, list) and all(map(_is_documented, listed)) and _has_text_or_none(result)
    if highlights.empty and not documented:
        raise MalformedDelivery("nothing in the result can be read")
    return highlights


def _session(session: object) -> Session:
    if not isinstance(session, dict):
        return Session(recording_id=None, session_id=0, text=_text(session))
    text = _text(session.get("highlights"))
    recording_id, session_id = session.get("recordingID"), session.get("sessionID")
    if _is_recording_id(recording_id) and _is_session_id(session_id):
        return Session(recording_id=recording_id, session_id=int(session_id), text=text)
    return Session(recording_id=None, session_id=0, text=text)


def _is_recording_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _RECORDING_ID.fullmatch(value) is not None and set(value) != {"."}


def _is_session_id(value: object) -> TypeGuard[int | str]:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return False
    return _SESSION_ID.fullmatch(str(value)) is not None


def _text(text: object) -> str:
    return text.encode("utf-8", "replace").decode("utf-8") if isinstance(text, str) else ""  # no lone surrogates


def _is_documented(session: object) -> bool:
    """Whether a session has the documented shape; what says nothing in any other may have something to tell."""
    return isinstance(session, dict) and _has_text_or_none(session) and _session(session).place is not None


def _has_text_or_none(part: dict[str, Any]) -> bool:
    return isinstance(part.get("highlights"), str | None)
