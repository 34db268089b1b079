"""What recovery asks of a service that could not tell us of all its cases: which these are, in our own words.

It is one of the things that a folder may offer, like those of `integration.ports`; all raise
`integration.errors.RemoteError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from integration.errors import RemoteError
from integration.facts import NewCase, Stretch


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A case that may have been missed.

    `id` tells it from others of the same look; `case` is None when it cannot be read, `created` when nothing says when
    it was. `record` is the service's own, for `Look.was_meant`.
    """

    id: str
    case: NewCase | None
    created: float | None
    record: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Some of them; all that were created before `until` have been found (None: that is not known yet)."""

    cases: Sequence[Candidate]
    until: float | None


@dataclass(frozen=True, kw_only=True)
class Created:
    """The cases that were created in some time; a new one is certainly shown after `lag` seconds."""

    lag: float
    parts: Iterator[Candidates]


class Look(Protocol):
    """A look for missed cases."""

    missed: int | None  # deliveries that were not made; None when the service does not say
    stretches: tuple[Stretch, ...]  # when the cases were created of which they would have told

    def told_since(self) -> float:
        """Since when the service would have told us of cases; `Held` when that cannot be found out."""

    def created(self, stretches: Sequence[Stretch], *, now: float) -> Created:
        """The cases that were created in these stretches, which are in order."""

    def was_meant(self, candidate: Candidate) -> bool | None:
        """Whether the service would have told us of the case; None when nobody can tell.

        When that cannot be told and deliveries were missed, it is yes: a note too many harms nobody.
        """


class MissedCases(Protocol):
    """Finds the cases of which a service could not tell us."""

    kept_hours: int  # how far it can look back
    nobody_tells: str  # what is said when no source leads to us
    lag: float  # seconds after which a new case is certainly shown

    def in_words(self, error: RemoteError) -> str:
        """What an admin is told of an error of the service's, and what to do."""

    def sources(self) -> int | None:
        """How many of the service's webhooks lead to us; None when it does not show them."""

    def look(self, *, since: float, now: float) -> Look:
        """Find out when deliveries were missed since a Unix time."""
