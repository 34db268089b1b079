"""In which order a person is looked for: by each identity around the case's moment, then once at any time; no I/O.

At most three requests a case come of it. Without `LOOKBACK_HOURS` the summariser looks wherever it likes, and each
identity is asked about once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from integration.cases.entry import Entry, Policy
from integration.facts import Person, Stretch

MOST: Final = 3  # requests


@dataclass(frozen=True, kw_only=True)
class Look:
    """One identity of the person; `within`: around the case's moment alone."""

    person: Person
    within: bool

    @property
    def in_words(self) -> str:
        """By what is looked, for the log: nothing of the person is in it."""
        by = "e-mail address" if self.person.email is not None else "external id"
        return f"by {by}, {'around the time of the ticket' if self.within else 'at any time'}"


def looks(people: Sequence[Person], *, ranged: bool) -> tuple[Look, ...]:
    """The looks for a person of these identities; `ranged`: there is a window around the case's moment."""
    if not ranged:
        return tuple(Look(person=person, within=False) for person in people[:MOST])
    within = [Look(person=person, within=True) for person in people[: MOST - 1]]
    return (*within, *(Look(person=person, within=False) for person in people[:1]))


def of(entry: Entry, policy: Policy) -> tuple[Look, ...]:
    """All looks of a case whose person is known."""
    people = entry.people or one_by_one(entry.person)
    if entry.request.own_range:
        return tuple(Look(person=person, within=True) for person in people[:MOST])
    return looks(people, ranged=policy.lookback > 0 and entry.moment is not None)


def present(entry: Entry, policy: Policy) -> Look | None:
    """The look that a case has come to; None when nobody is known."""
    known = of(entry, policy)
    return known[min(entry.request.look, len(known) - 1)] if known else None


def window(entry: Entry, policy: Policy, *, now: float) -> Stretch | None:
    """The time around a case's moment in which is looked: on demand, until now."""
    if policy.lookback <= 0 or entry.moment is None:
        return None
    if entry.said is not None:  # what was done before the answer is what explains it
        return Stretch(start=entry.moment - policy.lookback, end=entry.moment)
    end = max(now, entry.moment) if entry.on_demand else entry.moment + policy.lookahead
    return Stretch(start=entry.moment - policy.lookback, end=end)


def older(entry: Entry, policy: Policy) -> bool:
    """Whether nothing was found around the case's moment, and what was found is of another time."""
    look = present(entry, policy)
    return look is not None and not look.within and of(entry, policy)[0].within


def one_by_one(person: Person) -> tuple[Person, ...]:
    """A person that a delivery named, by one identity each."""
    by_email = (Person(email=person.email),) if person.email is not None else ()
    by_id = (Person(external_id=person.external_id),) if person.external_id is not None else ()
    return by_email + by_id
