"""What an admin sets about how a case is looked into: what is asked, about which time, when, and what is told."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Final

from integration import variables
from integration.facts import NO_QUESTION, TICKETS_QUESTION, CaseSettings
from integration.variables import Reader

NAMES: Final = (
    *("QUESTION", "LOOKBACK_HOURS", "LOOKAHEAD_MINUTES", "DELAY_SECONDS"),
    *("WHEN_EMPTY", "WHEN_FAILED", "REUSE_MINUTES"),
)
LONGEST_QUESTION: Final = 500  # characters
_LINK: Final = "link"
_YEAR_HOURS: Final = 366 * 24
_DAY_MINUTES: Final = 24 * 60
_LONGEST_DELAY: Final = 3600


def read(reader: Reader) -> CaseSettings:
    """All of it."""
    when = variables.one_of("silent", _LINK)
    return CaseSettings(
        question=reader.read("QUESTION", _question, default=TICKETS_QUESTION),
        lookback_seconds=reader.read("LOOKBACK_HOURS", _number_up_to(_YEAR_HOURS), default=72.0) * 3600,
        lookahead_seconds=reader.read("LOOKAHEAD_MINUTES", _number_up_to(_DAY_MINUTES), default=10.0) * 60,
        delay_seconds=reader.read("DELAY_SECONDS", _number_up_to(_LONGEST_DELAY), default=30.0),
        link_when_empty=reader.read("WHEN_EMPTY", when, default="silent") == _LINK,
        link_when_failed=reader.read("WHEN_FAILED", when, default="silent") == _LINK,
        reuse_seconds=reader.read("REUSE_MINUTES", _number_up_to(_DAY_MINUTES), default=0.0) * 60,
    )


def _question(raw: str) -> str:
    if raw.lower() in (TICKETS_QUESTION, NO_QUESTION):
        return raw.lower()
    if len(raw) > LONGEST_QUESTION:
        raise ValueError(f"must be ticket, off, or a text of {LONGEST_QUESTION} characters at most")
    if " " not in raw:  # a word alone is meant to be one of the two
        raise ValueError("must be ticket, off, or the text of a question")
    return variables.text(raw)


def _number_up_to(most: float) -> Callable[[str], float]:
    def convert(raw: str) -> float:
        number = float(raw) if re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", raw) else math.nan
        if not 0 <= number <= most:
            raise ValueError(f"must be a number from 0 to {most:g}")
        return number

    return convert
