"""What Intercom's answers say of its limits; no I/O.

An app may make 10,000 calls a minute, and a workspace's apps 25,000 together, counted in windows of ten seconds: of
what the headers say is left, we take at most half.
https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Final

from integration.facts import Pace

WINDOW: Final = 10.0
_CALLS: Final = 4  # of one note, at most: who we are, the conversation, its contact, the note
_LONGEST: Final = 60.0  # a reset that seems further away is not believed


def read(headers: Mapping[str, str]) -> Pace | None:
    """The pace that the headers of an answer ask for; None when they say nothing."""
    limit, left = _number(headers, "X-RateLimit-Limit"), _number(headers, "X-RateLimit-Remaining")
    if limit is None or left is None:
        return None
    steady, resets = WINDOW / max(limit / (2 * _CALLS), 1.0), until_reset(headers)
    ours = left // (2 * _CALLS)
    if ours < 1:
        pause = WINDOW if resets is None else max(resets, 1.0)
        return Pace(interval=steady, pause=pause)
    interval = max(steady, (WINDOW if resets is None else min(resets, WINDOW)) / ours)
    return Pace(interval=interval, pause=interval)


def until_reset(headers: Mapping[str, str]) -> float | None:
    """The seconds until the window's end, by the answer's own clock; None when it names none that can be meant."""
    reset = _number(headers, "X-RateLimit-Reset")
    if reset is None:
        return None
    left = reset - _now(headers)
    return max(left, 0.0) if left <= _LONGEST else None


def _now(headers: Mapping[str, str]) -> float:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (ValueError, IndexError, OverflowError):
        return time.time()


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "").strip()
    return int(value) if re.fullmatch(r"[0-9]{1,12}", value) else None
