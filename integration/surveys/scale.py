"""Scores of any scale, in points of 10: what is low has to mean the same for all of them; no I/O."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Self

from integration.errors import MalformedDelivery

TOP: Final = 10.0
_NUMBER: Final = re.compile(r"-?[0-9]{1,6}(?:[.,][0-9]{1,6})?")
_ENDS: Final = re.compile(r"([0-9]{1,3})\s*(?:-|\u2013|to)\s*([0-9]{1,3})")


@dataclass(frozen=True)
class Scale:
    """The lowest and the highest score that can be given."""

    lowest: int
    highest: int

    @classmethod
    def read(cls, text: str) -> Self:
        """A scale as people write it: `0-10`, `1-5`; ValueError when it is none."""
        ends = _ENDS.fullmatch(text.strip())
        if ends is None or not int(ends[1]) < int(ends[2]):
            raise ValueError("is not a scale such as 0-10 or 1-5")
        return cls(int(ends[1]), int(ends[2]))

    def of_ten(self, score: object) -> float | None:
        """A score in points of 10, the lowest being 0; None when there is none (yet).

        `MalformedDelivery` when it is no number, or not of this scale: it would mean something else.
        """
        points = _number(score)
        if points is None:
            return None
        if not self.lowest <= points <= self.highest:
            raise MalformedDelivery(f"the score is not of the scale {self}")
        return round(TOP * (points - self.lowest) / (self.highest - self.lowest), 2)

    def __str__(self) -> str:
        return f"{self.lowest}-{self.highest}"


OF_TEN: Final = Scale(0, 10)


def _number(score: object) -> float | None:
    """A number, also one that is written as text; None for nothing at all."""
    if isinstance(score, str):
        text = score.strip()
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise MalformedDelivery("the score is no number")
        return float(text.replace(",", "."))
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise MalformedDelivery("the score is no number")
    return score  # too large a number, or none that is finite, is of no scale
