"""What one part of this project tells another: plain, frozen values in our own words; no I/O, no vendor."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NewType

CaseKey = NewType("CaseKey", str)
"""What a note is about, by its desk and what that calls it: `zendesk-35436`."""

TICKETS: Final = "zendesk"  # the desk whose cases people call by their number alone, in logs and addresses too
_CASE_KEY: Final = re.compile(r"([a-z][a-z0-9]{1,19})-([A-Za-z0-9_-]{1,64})")  # all of it RQ allows in a job's id


def case_key(desk: str, reference: str | int) -> CaseKey:
    """The key of a case by its desk and what that calls it; ValueError when the two make none."""
    return read_case_key(f"{desk}-{reference}")


def read_case_key(text: str) -> CaseKey:
    """The key that a text from outside is; ValueError when it is none."""
    if _CASE_KEY.fullmatch(text[:100]) is None:
        raise ValueError("not the key of a case")
    return CaseKey(text)


def desk_of(key: CaseKey) -> str:
    """Where the case is: `zendesk`."""
    return key.partition("-")[0]


def reference_of(key: CaseKey) -> str:
    """What its desk calls the case: `35436`."""
    return key.partition("-")[2]


def name_of(key: CaseKey) -> str:
    """What people call a case: a ticket by its number, every other by its key."""
    return reference_of(key) if desk_of(key) == TICKETS else key


def as_logged(key: CaseKey) -> dict[str, object]:
    """A case as a fact beside a log line: `ticket_id=35436` for a ticket, `case=<key>` for every other."""
    name = name_of(key)
    return {"ticket_id": int(name)} if name.isdecimal() else {"case": key}


def read_name(text: str) -> CaseKey:
    """The case that people call so; ValueError when it is none."""
    number = text[:100].removeprefix(f"{TICKETS}-")
    if re.fullmatch(r"[0-9]{1,18}", number) and int(number):
        return case_key(TICKETS, int(number))
    key = read_case_key(text)
    if desk_of(key) == TICKETS:
        raise ValueError("not the number of a ticket")
    return key


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a case is about: an e-mail address, or the id by which the product knows them."""

    email: str | None = field(default=None, repr=False)
    external_id: str | None = field(default=None, repr=False)

    @property
    def known(self) -> bool:
        """Whether they can be looked for at all."""
        return self.email is not None or self.external_id is not None


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A case that a door took in, and whom it is about, as far as the delivery says.

    `number` is given where a desk numbers its cases as they are created: a lower number came before a higher one.
    `contact` is what the desk calls the person, where it may tell later who that is (`Identified`). `account` is whose
    case the delivery says it is, where the same secret signs those of others, too: the place knows whether it is ours.
    """

    key: CaseKey
    person: Person = field(default_factory=Person)
    number: int | None = None
    contact: str | None = field(default=None, repr=False)
    account: str | None = None


@dataclass(frozen=True, kw_only=True)
class Identified:
    """A desk may know now who somebody is: their cases for which nobody could be looked for are looked at again."""

    desk: str
    contact: str = field(repr=False)


class Status(enum.Enum):
    """Where a request for highlights stands."""

    READY = "READY"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One recorded session: what the person did in it, as Markdown.

    `place` is where the session can be replayed, in a form that only the service that recorded it can read; None when
    that is not known.
    """

    place: str | None
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Highlights:
    """What a person did: a summary, as Markdown, and the sessions that it is made of.

    `linked` is the place of the first session that the summary links to.
    """

    summary: str = field(repr=False)
    sessions: tuple[Session, ...] = ()
    linked: str | None = None

    @property
    def empty(self) -> bool:
        """Whether they are empty: no session listed or linked to, or no text anywhere."""
        if not self.sessions:
            return self.linked is None
        return not (self.summary.strip() or any(session.text.strip() for session in self.sessions))

    @property
    def replay(self) -> str | None:
        """The place of the first session that can be replayed, listed or linked to."""
        return next((session.place for session in self.sessions if session.place), self.linked)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one request; `highlights` is there exactly when it is READY."""

    request_id: str | None
    status: Status
    highlights: Highlights | None = None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How fast notes may follow each other: `interval` seconds apart, the next one not before `pause` seconds."""

    interval: float
    pause: float


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A note of ours where it belongs, by the id that its place gave it.

    `public` when customers can read it, or when nothing says that they cannot; `pace` is what the answer said of the
    place's limits.
    """

    id: str
    public: bool
    pace: Pace | None = None


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A stretch of time, in Unix seconds."""

    start: float
    end: float

    def __contains__(self, moment: float) -> bool:
        return self.start <= moment <= self.end


def merged(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The same time in stretches that do not touch, in order."""
    done: list[Stretch] = []
    for stretch in sorted(stretches, key=lambda stretch: stretch.start):
        if done and stretch.start <= done[-1].end:
            done[-1] = Stretch(start=done[-1].start, end=max(done[-1].end, stretch.end))
        else:
            done.append(stretch)
    return done
