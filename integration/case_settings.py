"""What an admin sets about how a case is looked into: what is asked, about which time, when, and what is told."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from integration import variables
from integration.variables import Reader

NAMES: Final = (
    *("QUESTION", "LOOKBACK_HOURS", "LOOKAHEAD_MINUTES", "DELAY_SECONDS"),
    *("WHEN_EMPTY", "WHEN_FAILED", "REUSE_MINUTES"),
)
LONGEST_QUESTION: Final = 500  # characters
OF_THE_TICKET: Final = "ticket"
NONE: Final = "off"
_LINK: Final = "link"
_YEAR_HOURS: Final = 366 * 24
_DAY_MINUTES: Final = 24 * 60
_LONGEST_DELAY: Final = 3600


@dataclass(frozen=True, kw_only=True)
class CaseSettings:
    """All of it; times are seconds."""

    question: str = field(default=OF_THE_TICKET, repr=False)
    lookback_seconds: float = 72 * 3600.0  # 0: no range is asked for
    lookahead_seconds: float = 600.0
    delay_seconds: float = 30.0
    link_when_empty: bool = False
    link_when_failed: bool = False
    reuse_seconds: float = 0.0

    @property
    def asks_of_ticket(self) -> bool:
        """Whether the question is made of what the ticket says."""
        return self.question == OF_THE_TICKET

    @property
    def fixed_question(self) -> str | None:
        """The question of every case alike."""
        return None if self.question in (OF_THE_TICKET, NONE) else self.question


def read(reader: Reader) -> CaseSettings:
    """All of it."""
    when = variables.one_of("silent", _LINK)
    return CaseSettings(
        question=reader.read("QUESTION", _question, default=OF_THE_TICKET),
        lookback_seconds=reader.read("LOOKBACK_HOURS", _number_up_to(_YEAR_HOURS), default=72.0) * 3600,
        lookahead_seconds=reader.read("LOOKAHEAD_MINUTES", _number_up_to(_DAY_MINUTES), default=10.0) * 60,
        delay_seconds=reader.read("DELAY_SECONDS", _number_up_to(_LONGEST_DELAY), default=30.0),
        link_when_empty=reader.read("WHEN_EMPTY", when, default="silent") == _LINK,
        link_when_failed=reader.read("WHEN_FAILED", when, default="silent") == _LINK,
        reuse_seconds=reader.read("REUSE_MINUTES", _number_up_to(_DAY_MINUTES), default=0.0) * 60,
    )


def _question(raw: str) -> str:
    if raw.lower() in (OF_THE_TICKET, NONE):
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
