"""What is counted for the status page over the last hour, day and week; no I/O."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from integration.cases.entry import State
from integration.web.status.wording import count, duration

CAME_IN: Final = "came in"
SERIES: Final = {  # what is counted, by the word that an admin reads; None: when it came
    CAME_IN: None,
    "posted": State.POSTED,
    "empty": State.EMPTY,
    "skipped": State.SKIPPED,
    "failed": State.FAILED,
}


@dataclass(frozen=True, kw_only=True)
class Window:
    """A stretch of time that ends now, in equal parts."""

    name: str
    title: str
    parts: int
    part_seconds: int

    @property
    def seconds(self) -> int:
        """How long it is."""
        return self.parts * self.part_seconds

    def edges(self, now: float) -> list[float]:
        """Where its parts begin and end, oldest first."""
        return [now - self.part_seconds * part for part in range(self.parts, -1, -1)]


WINDOWS: Final = (
    Window(name="hour", title="Last hour", parts=12, part_seconds=300),
    Window(name="day", title="Last day", parts=24, part_seconds=3600),
    Window(name="week", title="Last week", parts=7, part_seconds=86400),
)


@dataclass(frozen=True, kw_only=True)
class Waits:
    """How long tickets waited for their note, in seconds; of `looked_at` of them."""

    median: float
    slow: float  # the 95th percentile
    looked_at: int


@dataclass(frozen=True, kw_only=True)
class Flow:
    """What happened in a window: each series' counts by part, oldest first."""

    window: Window
    counts: Mapping[str, tuple[int, ...]]
    waits: Waits | None

    @property
    def totals(self) -> dict[str, int]:
        """Each series over the whole window."""
        return {name: sum(parts) for name, parts in self.counts.items()}

    @property
    def most(self) -> int:
        """The longest bar's number: at least 1, for there is no bar of nothing."""
        return max(*self.totals.values(), 1)

    @property
    def waits_in_words(self) -> str:
        """How long tickets waited."""
        if self.waits is None:
            return "No note was posted."
        median, slow = duration(self.waits.median), duration(self.waits.slow)
        return f"Half of the notes came within {median}, 95\N{NO-BREAK SPACE}% within {slow}."

    def rows(self) -> list[tuple[str, list[int]]]:
        """The counts of each part, newest first, without the parts in which nothing happened."""
        rows = []
        for part in reversed(range(self.window.parts)):
            numbers = [counts[part] for counts in self.counts.values()]
            if any(numbers):
                rows.append((self._ago(self.window.parts - part), numbers))
        return rows

    def _ago(self, part: int) -> str:
        unit = {300: "min", 3600: "h", 86400: "days"}[self.window.part_seconds]
        size = 5 if unit == "min" else 1
        return f"{(part - 1) * size} to {part * size} {unit}"


def kind(name: str) -> str:
    """The class by which the style sheet knows a series or a state."""
    return name.replace(" ", "-")


def waits(seconds: Sequence[float]) -> Waits | None:
    """The figures of some tickets' waits; None when there are none."""
    if not seconds:
        return None
    ordered = sorted(seconds)
    return Waits(median=_percentile(ordered, 0.5), slow=_percentile(ordered, 0.95), looked_at=len(ordered))


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of all do not exceed."""
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


def sample(number: int, *, runs: int, length: int) -> list[tuple[int, int]]:
    """Some of the last `number` of a list: runs of neighbours, evenly spread, each as its first and its last rank.

    Ranks are counted from the list's end (-1). All are taken where there are no more than the runs hold.
    """
    if number <= runs * length:
        return [(-number, -1)] if number else []
    starts = [-number + step * (number - length) // max(runs - 1, 1) for step in range(runs)]
    return [(start, start + length - 1) for start in starts]


def grouped(reasons: Sequence[str]) -> list[tuple[str, str]]:
    """Why tickets failed: how many for each reason, the most frequent first."""
    return [(count(number, "ticket"), reason) for reason, number in Counter(reasons).most_common()]
