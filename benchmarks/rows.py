"""What was measured, as a table for people and as JSON for programs."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measure: a figure of ours and one of the reference a run, and the aim for what one is to the other."""

    measure: str
    unit: str
    ours: Sequence[float]
    reference: str
    theirs: Sequence[float]
    aim: float | None = None  # None: told, and not judged
    at_least: bool = False  # the aim; otherwise it is at most
    remark: str = ""
    parts: dict[str, Sequence[float]] = field(default_factory=dict)  # what ours is made of, for JSON

    @property
    def ratios(self) -> list[float]:
        """What ours is of theirs, by run; a reference that is the same in all runs may be given once."""
        theirs = list(self.theirs) * (len(self.ours) if len(self.theirs) == 1 else 1)
        return [own / their for own, their in zip(self.ours, theirs, strict=True) if their]

    @property
    def reached(self) -> bool | None:
        """Whether the median of the ratios is what was aimed at."""
        if self.aim is None or not self.ratios:
            return None
        middle = statistics.median(self.ratios)
        return middle >= self.aim if self.at_least else middle <= self.aim

    def cells(self) -> list[str]:
        """The row of the table."""
        aim = "" if self.aim is None else f"{'≥' if self.at_least else '≤'} {_number(self.aim)}"
        return [
            f"{self.measure}, {self.unit}" if self.unit else self.measure,
            _spread(self.ours),
            self.reference,
            _spread(self.theirs),
            _spread(self.ratios),
            aim,
            {True: "reached", False: "**not reached**", None: ""}[self.reached],
            self.remark,
        ]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        told = {name: getattr(self, name) for name in ("measure", "unit", "reference", "aim", "at_least", "remark")}
        runs = {"ours": list(self.ours), "theirs": list(self.theirs), "ratios": self.ratios, "reached": self.reached}
        return {**told, **runs, "parts": {name: list(values) for name, values in self.parts.items()}}


HEAD = ["Measure", "Ours", "Reference", "Its figure", "Ratio", "Aim", "", "Remark"]


def table(rows: Sequence[Row]) -> str:
    """A table in Markdown, whose columns stand below each other in a terminal, too."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )


def _spread(values: Sequence[float]) -> str:
    """The median, and between what all lie."""
    if not values:
        return ""
    middle = _number(statistics.median(values))
    low, high = _number(min(values)), _number(max(values))
    return middle if low == high else f"{middle} [{low} - {high}]"


def _number(value: float) -> str:
    """Three digits, and no more than make sense."""
    if value == 0 or abs(value) >= 100:  # noqa: PLR2004 -- three digits
        return f"{value:,.0f}"
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3  # noqa: PLR2004 -- likewise
    return f"{value:.{digits}f}"
