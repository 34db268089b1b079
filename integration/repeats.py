"""Keeps repeated lines out of the log: each is written now and then, with the number left out; no I/O.

Lines that all differ, because strangers wrote a part of them, are limited in number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class _Seen:
    at: float  # when it was let through last
    left_out: int = 0


class Repeats:
    """Remembers the last lines, a bounded number of them. Times in seconds, of any clock that only goes forward."""

    def __init__(self, *, seconds: float, remembered: int) -> None:
        self._seconds, self._remembered = seconds, remembered
        self._seen: dict[str, _Seen] = {}

    def is_to_be_written(self, line: str, now: float) -> bool:
        """Whether to write this line; one that is not written is counted."""
        if line in self._seen:
            self._seen[line].left_out += 1
            return False
        self._seen[line] = _Seen(at=now)
        return True

    def due(self, now: float) -> Iterator[tuple[str, int]]:
        """The lines whose repeats have to be told now, with their number; one that did not come again is forgotten."""
        for line, seen in list(self._seen.items()):
            crowded = len(self._seen) > self._remembered
            if not crowded and now - seen.at < self._seconds:
                continue
            del self._seen[line]
            if seen.left_out:
                yield line, seen.left_out
                if not crowded:
                    self._seen[line] = _Seen(at=now)

    def forget(self) -> None:
        """Begin anew, after a fork: the parent writes what was counted until now."""
        self._seen.clear()


class Allowance:
    """So many of something in so many seconds, of any clock that only goes forward."""

    def __init__(self, number: int, *, seconds: float) -> None:
        self._number, self._seconds = number, seconds
        self._since, self._taken = -math.inf, 0

    def take(self, now: float) -> bool:
        """Take one; whether there was one left."""
        if now - self._since >= self._seconds:
            self._since, self._taken = now, 0
        self._taken += 1
        return self._taken <= self._number
