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
_LATE: Final = 60 * 60.0  # seconds between a case and its note
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
class Said:
    """What a person said in an answer to a survey; `score` is of 10. None where nothing told it (yet).

    One that rates a case says which: `rated` is what people call it, `url` where they look at it.
    """

    score: float | None = None
    comment: str | None = field(default=None, repr=False)
    rated: str = ""
    url: str = ""

    def and_later(self, later: Said) -> Said:
        """Both as one: what the later one tells, and of this one what that leaves out."""
        return Said(
            score=self.score if later.score is None else later.score,
            comment=later.comment or self.comment,
            rated=later.rated or self.rated,
            url=later.url or self.url,
        )


@dataclass(frozen=True, kw_only=True)
class NewCase:
    """A case that a door took in, and whom it is about, as far as the delivery says.

    `number` is given where a desk numbers its cases as they are created: a lower number came before a higher one.
    `created` is when the case was created, in Unix seconds, where the delivery says so; `on_demand` says that somebody
    asks for a note, whatever was posted before, and `demand` tells one such delivery from another: repeated, it is the
    same.

    `said` is an answer to a survey, of which more may be told within `settle` seconds: it is waited for. One that does
    not `begin` a case changes what is known of it, and nothing else: a comment, or a score that is not low after all.
    `contact` is what the desk calls the person, where it may tell later who that is (`Identified`). `account` is whose
    case the delivery says it is, where the same secret signs those of others, too: the place knows whether it is ours.
    """

    key: CaseKey
    person: Person = field(default_factory=Person)
    number: int | None = None
    created: float | None = None
    on_demand: bool = False
    said: Said | None = None
    settle: float | None = None
    begins: bool = True
    demand: str | None = None
    contact: str | None = field(default=None, repr=False)
    account: str | None = None


@dataclass(frozen=True, kw_only=True)
class Identified:
    """A desk may know now who somebody is: their cases for which nobody could be looked for are looked at again."""

    desk: str
    contact: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Rating:
    """How a person rated a case, as the case's own desk tells: whether that makes a case is for surveys to say.

    `score` is of 10; `url` is where people look at the case.
    """

    of: CaseKey
    score: float
    person: Person = field(default_factory=Person)
    comment: str | None = field(default=None, repr=False)
    url: str = ""


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a desk knows of a case, in one read.

    `people` are whom to look for, first ones first, each with one identity; there is one at least. `name` is the
    person's own, `text` the first comment, `created` Unix seconds. A brand or a form is its id and its name; the name
    is None when it needs another call that was not needed. `tagged`: it carries the tag that asks for highlights.

    A request for highlights brings its own `question` and the time that it is about (`within`); its person is the one
    that it was taken in with, and `people` may be empty.
    """

    people: tuple[Person, ...]
    name: str | None = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    created: float
    brand: tuple[str, str | None] | None
    form: tuple[str, str | None] | None
    tagged: bool
    question: str | None = field(default=None, repr=False)
    within: Stretch | None = None


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a case stands: its state, by the name that the commands show, and the reason of its end."""

    state: str
    reason: str | None = None


class CaseKind(enum.StrEnum):
    """What a case is, as a note calls it."""

    TICKET = "ticket"
    CONVERSATION = "conversation"
    ANSWER = "answer"  # to a survey
    REQUEST = "request"


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """On which occasion a note is written, as far as that is known. Times are Unix seconds.

    `name` is what the person is called. `case`, `reused_from` and `merged_from` are cases as people call them: the one
    that the note is about, the one for which the summariser was asked, and the one that was merged into it, whose own
    creation `created_at` is then.
    """

    name: str = field(default="", repr=False)
    kind: CaseKind = CaseKind.TICKET
    case: str = ""
    created_at: float | None = None
    now: float | None = None
    older: bool = False  # nothing was found around the case's creation: the sessions are older
    on_demand: bool = False  # somebody asked for it: about the time until now
    reused_from: str = ""
    merged_from: str = ""
    said: Said | None = None  # the answer that it is about

    @property
    def moment(self) -> float | None:
        """Which moment the note looks back from."""
        return self.now if self.on_demand else self.created_at

    @property
    def late(self) -> bool:
        """Whether the note comes so long after the case that it has to say which time it is about."""
        return self.now is not None and self.created_at is not None and self.now - self.created_at >= _LATE


class Nothing(enum.Enum):
    """Why there are no highlights to tell of."""

    NO_SESSION = "no session"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class NoteStyle:
    """How notes are written: in which language, in which time zone (by its IANA name), by which template (Jinja2)."""

    language: str = "en"
    timezone: str = "UTC"
    template: str | None = None


TICKETS_QUESTION: Final = "ticket"
NO_QUESTION: Final = "off"


@dataclass(frozen=True, kw_only=True)
class CaseSettings:
    """How a case is looked into: what is asked, about which time, when, and what is told; times are seconds."""

    question: str = field(default=TICKETS_QUESTION, repr=False)
    lookback_seconds: float = 72 * 3600.0  # 0: no range is asked for
    lookahead_seconds: float = 600.0
    delay_seconds: float = 30.0
    link_when_empty: bool = False
    link_when_failed: bool = False
    reuse_seconds: float = 0.0

    @property
    def asks_of_ticket(self) -> bool:
        """Whether the question is made of what the ticket says."""
        return self.question == TICKETS_QUESTION

    @property
    def fixed_question(self) -> str | None:
        """The question of every case alike."""
        return None if self.question in (TICKETS_QUESTION, NO_QUESTION) else self.question


class Status(enum.Enum):
    """Where a request for highlights stands."""

    READY = "READY"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A moment of a session: the session's place, and when it was, in Unix seconds."""

    place: str
    at: float


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
    place's limits. `in_redis`: it is written nowhere else, and lost with Redis' last writes.
    """

    id: str
    public: bool
    pace: Pace | None = None
    in_redis: bool = False


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
