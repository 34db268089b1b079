"""What Zendesk's answers say of its limits; no I/O.

Updates of tickets are limited to 100 a minute for the whole account (20 in trial and sandbox accounts), agents' own
edits included: whatever the headers say is left, we take at most half of it.
https://developer.zendesk.com/api-reference/introduction/rate-limits/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from integration.facts import Pace

DEFAULT_INTERVAL: Final = 4.0  # seconds between two notes while nothing is known: 15 a minute
_WINDOW: Final = 60.0  # the account's limits are by the minute; a longer window is that of one ticket
_PARTS = re.compile(r"(total|remaining|resets)\s*=\s*([0-9]{1,9})")


def read(headers: Mapping[str, str]) -> Pace | None:
    """The pace that the headers of an answer ask for; None when they say nothing."""
    paces = [_pace(*allowance) for allowance in _allowances({name.lower(): value for name, value in headers.items()})]
    if not paces:
        return None
    return Pace(interval=max(pace.interval for pace in paces), pause=max(pace.pause for pace in paces))


def used_up(headers: Mapping[str, str]) -> bool | None:
    """Whether a limit of the whole account is used up, by the headers of an answer; None when they name none."""
    left = [left for _, left, _ in _allowances({name.lower(): value for name, value in headers.items()})]
    return 0 in left if left else None


def _pace(total: int, remaining: int, resets: int) -> Pace:
    ours = remaining // 2
    if ours < 1:
        return Pace(interval=_steady(total), pause=max(float(resets), 1.0))
    interval = max(_steady(total), resets / ours)
    return Pace(interval=interval, pause=interval)


def _steady(total: int) -> float:
    """The interval that takes half of a whole limit over a whole minute."""
    return _WINDOW / max(total / 2, 1.0)


def _allowances(headers: dict[str, str]) -> Iterator[tuple[int, int, int]]:
    """Every limit named, as total, remaining and seconds until its reset."""
    resets = _number(headers, "ratelimit-reset", "rate-limit-reset")
    seconds = int(_WINDOW) if resets is None or resets > _WINDOW else resets
    for prefix in ("x-rate-limit", "ratelimit", "rate-limit"):
        remaining = _number(headers, f"{prefix}-remaining")
        total = _number(headers, prefix, f"{prefix}-limit")
        if remaining is not None and total is not None:
            yield total, remaining, seconds
    for name, value in headers.items():
        if name in ("zendesk-ratelimit-tickets-update", "zendesk-rate-limit-tickets-update"):
            parts = {key: int(number) for key, number in _PARTS.findall(value)}
            if len(parts) == len(("total", "remaining", "resets")) and parts["resets"] <= _WINDOW:
                yield parts["total"], parts["remaining"], parts["resets"]


def _number(headers: dict[str, str], *names: str) -> int | None:
    for name in names:
        value = headers.get(name, "").strip()
        if re.fullmatch(r"[0-9]{1,9}", value):
            return int(value)
    return None
