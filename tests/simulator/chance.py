"""What happens in a schedule: everything goes well but for the troubles that the seed, or a list, says.

A place where something can go wrong has a name ("the 2nd PUT of ticket 7"), so that a trouble that is taken out of a
schedule leaves the others where they are. That makes the shortest schedule easy to find: drop what is not needed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import TypeVar

T = TypeVar("T")

Place = tuple[str | int, ...]
Troubles = Mapping[Place, int]

_RATES = (0.05, 0.12, 0.3)
_KINDS = 0.4  # of all kinds of trouble happen in one schedule
_MOST = 8
_FEW = 3  # troubles: every choice of as many is tried


class Chance:
    """Decides; `troubles` is what it decided otherwise than well, by place, as the number of the choice."""

    def __init__(self, troubles: Troubles | None = None, *, seed: int | None = None) -> None:
        self._given = troubles
        self._random = random.Random(seed)
        self._rate = self._random.choice(_RATES)
        self._kinds: dict[Place, bool] = {}  # of trouble: whether it happens in this schedule at all
        self.troubles: dict[Place, int] = {}

    def pick(self, place: Place, choices: Sequence[T], *, often: float = 1.0) -> T:
        """One of `choices`, whose first is the one without trouble; `often` makes trouble more or less likely."""
        if self._given is not None:
            number = self._given.get(place, 0)
            if number >= len(choices):
                number = 0
        elif self._random.random() < self._rate * often and self._happens(place):
            number = self._random.randrange(1, len(choices))
        else:
            number = 0
        if number:
            self.troubles[place] = number
        return choices[number]

    def _happens(self, place: Place) -> bool:
        """Few kinds of trouble, and those often: two that need each other meet sooner than among all kinds."""
        if len(self.troubles) >= _MOST:
            return False
        kind = tuple(each for each in place[:3] if isinstance(each, str) and " " not in each)
        if kind not in self._kinds:
            self._kinds[kind] = self._random.random() < _KINDS
        return self._kinds[kind]


def shortest(troubles: Troubles, broken: Callable[[Troubles], bool]) -> dict[Place, int]:
    """As few troubles, and as simple ones, as still break the same promise."""
    for size in range(1, _FEW + 1):
        for places in combinations(troubles, size):
            few = {place: troubles[place] for place in places}
            if broken(few):
                return _simplest(few, broken)
    left = dict(troubles)
    for place in list(left):
        fewer = {each: number for each, number in left.items() if each != place}
        if broken(fewer):
            left = fewer
    return _simplest(left, broken)


def _simplest(troubles: Troubles, broken: Callable[[Troubles], bool]) -> dict[Place, int]:
    left = dict(troubles)
    for place in list(left):
        for number in range(1, left[place]):
            simpler = {**left, place: number}
            if broken(simpler):
                left = simpler
                break
    return left
