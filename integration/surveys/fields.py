"""What a survey's delivery may hold, read one field at a time: who, what they said, when; no I/O.

What cannot be used is left out where a person may have typed it, and refused where a program has.
"""

from __future__ import annotations

import hashlib
import math
import re
from datetime import UTC, datetime
from typing import Final

from integration.errors import MalformedDelivery
from integration.facts import Person
from integration.json_body import identity

MAX_COMMENT: Final = 1_000  # characters that are kept
_MAX_ID: Final = 500
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")  # what a case's key may hold, with room for a source's name
_MILLISECONDS: Final = 1e11  # Unix seconds that no answer has: what is more, counts milliseconds
_LATEST: Final = 4e9


def reference(value: object) -> str:
    """What the answer is called, in a form that a case's key may hold: hashed when it is another.

    `MalformedDelivery` when nothing names it: without a name, the same answer would be told of twice.
    """
    text = str(value) if type(value) is int else value
    if not isinstance(text, str) or not text.strip() or len(text) > _MAX_ID:
        raise MalformedDelivery("no usable id of an answer")
    text = text.strip()
    if _REFERENCE.fullmatch(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def person(*, email: object, user_id: object) -> Person:
    """Who gave the answer, as far as that can be looked for."""
    return Person(email=_email_address(email), external_id=identity(user_id))


def comment(value: object) -> str | None:
    """What they said, at most 1,000 characters of it; None when there is nothing to read."""
    if not isinstance(value, str) or not value.strip():
        return None
    text = value.strip()
    return text if len(text) <= MAX_COMMENT else f"{text[: MAX_COMMENT - 1].rstrip()}\u2026"


def moment(value: object) -> float | None:
    """When something was, in Unix seconds; None when that cannot be told. Takes ISO 8601, seconds and milliseconds."""
    seconds = _iso(value) if isinstance(value, str) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < _LATEST * 1000:
        return None
    seconds = float(seconds)
    if seconds >= _MILLISECONDS and not isinstance(value, str):
        seconds /= 1000
    return seconds if math.isfinite(seconds) and seconds < _LATEST else None


def _iso(text: str) -> float | None:
    try:
        when = datetime.fromisoformat(text.strip()[:40])
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _email_address(value: object) -> str | None:
    text = identity(value)
    return text if text is not None and re.fullmatch(r"[^\s@]+@[^\s@]+", text) else None
