"""What LogRocket says of one highlights request, the same by callback and by polling; no I/O.

Page: https://docs.logrocket.com/docs/session-highlights-api
"""

from __future__ import annotations

import re
from typing import Any

from integration.errors import MalformedDelivery
from integration.facts import Highlights, Result, Session, Status
from integration.json_body import parse_object
from integration.logrocket import links

_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_UNREADABLE = Session(place=None, text="")


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
    summary = _text(result.get("highlights"))
    highlights = Highlights(summary=summary, sessions=sessions, linked=links.first_place(summary))
    documented = isinstance(listed, list) and all(map(_is_documented, listed)) and _has_text_or_none(result)
    if highlights.empty and not documented:
        raise MalformedDelivery("nothing in the result can be read")
    return highlights


def _session(session: object) -> Session:
    if not isinstance(session, dict):
        return Session(place=None, text=_text(session))
    place = links.place(session.get("recordingID"), session.get("sessionID"))
    return Session(place=place, text=_text(session.get("highlights")))


def _text(text: object) -> str:
    return text.encode("utf-8", "replace").decode("utf-8") if isinstance(text, str) else ""  # no lone surrogates


def _is_documented(session: object) -> bool:
    """Whether a session has the documented shape; what says nothing in any other may have something to tell."""
    return isinstance(session, dict) and _has_text_or_none(session) and _session(session).place is not None


def _has_text_or_none(part: dict[str, Any]) -> bool:
    return isinstance(part.get("highlights"), str | None)
