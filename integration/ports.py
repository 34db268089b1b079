"""What this project asks of the services around it, in its own words; each service's folder answers in its own way.

A *door* takes in new cases, a *place* is where notes are written, the *summariser* tells what a person did and may
send it to a *callback*, and *missed cases* are looked for where nobody told us of them (`integration.missed_cases`).
All raise `integration.errors.RemoteError`, a door and a callback `RejectedDelivery`. A `Service` says which of these a
folder offers: `integration.services` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from integration.errors import Held
from integration.facts import (
    CaseKey,
    CaseKind,
    Details,
    Identified,
    NewCase,
    Person,
    Rating,
    Receipt,
    Result,
    Standing,
    Stretch,
)
from integration.missed_cases import MissedCases

if TYPE_CHECKING:  # neither is needed to run: the web process makes no note, and settings collects what folders declare
    from flask import Blueprint
    from redis import Redis

    from integration.note import Links, Note
    from integration.settings import Settings

Wait = Callable[[float], bool]
"""Lets some seconds pass (0: none); False when it is time to stop."""


class Headers(Protocol):
    """A request's headers."""

    def get(self, name: str, default: str, /) -> str:
        """The value of a header, whatever the case of its name."""


class Query(Protocol):
    """A parsed query string: every value of a name."""

    def getlist(self, name: str) -> list[str]:
        """The values given for `name`, in order."""


class Door(Protocol):
    """Where a service tells of new cases."""

    path: str  # below PUBLIC_URL
    max_bytes: int  # of a body
    ignored: int  # the status that answers a genuine delivery which tells of no case

    @property
    def has_secret(self) -> bool:
        """Whether a secret is set by which a delivery can be told to be genuine; without one, all are put off."""

    def look_at(self, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` when the headers alone show that it is not genuine: its body is not read then."""

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` unless the service sent the body around `now` (Unix seconds)."""

    def read(self, body: bytes, headers: Headers) -> NewCase | Identified | Rating | None:
        """The case that a verified delivery tells of, or who may be known now, or how somebody rated a case.

        None when it tells of something else.
        """


@runtime_checkable
class TriedDoor(Protocol):
    """A door that its service tries with HEAD before it uses it."""

    tried: int  # the status for that


class Callback(Protocol):
    """Where the summariser sends what came of a request."""

    path: str  # below PUBLIC_URL
    max_bytes: int  # of a body

    def address(self, key: CaseKey, *, now: float, project: str | None = None) -> str:
        """The URL for one request, which proves that we asked for what is sent there; `now` in Unix seconds.

        It carries the lane of the `project` that is asked, too: None is the first one.
        """

    def verify(self, query: Query, *, now: float) -> CaseKey:
        """The case that the URL was made for; `UnverifiedDelivery` unless it is one of ours and still valid."""

    def project(self, query: Query) -> str | None:
        """The lane of the project that was asked, of a URL that was verified."""

    def read(self, body: bytes) -> Result:
        """What came of the request; `MalformedDelivery` when the body does not tell."""

    def claimed(self, query: Query) -> Mapping[str, str]:
        """The case that a URL names, as facts for the log: nothing proves it."""


class Place(Protocol):
    """Where the notes of one desk are written."""

    def details(self, key: CaseKey) -> Details:
        """What the desk knows of the case; `NoAddress` when nobody can be looked for.

        `NoNotePossible` when the person is none whom notes are about, and when the case can take no note;
        `NoteIsThere` when it is known to have its note.
        """

    def take_tag_off(self, key: CaseKey) -> None:
        """Take off the tag that asks for highlights; nothing happens when it is not there."""

    def tag(self, key: CaseKey) -> None:
        """Add the tag that says that there is a note, if one is set; nothing happens when it is there."""

    def merged_into(self, key: CaseKey) -> CaseKey | None:
        """The case into which a closed one was merged."""

    def find_note(self, key: CaseKey, *, markers: Sequence[str]) -> Receipt | None:
        """The note of ours that holds one of `markers`, public or not."""

    def find_any_note(self, key: CaseKey, *, markers: Sequence[str], since: float = 0.0) -> Receipt | None:
        """The note of `find_note`, or one of ours for any request that was written at `since` or later."""

    def write(self, key: CaseKey, note: Note) -> Receipt:
        """Write the note, in one request, and see whether it is internal."""

    def make_private(self, key: CaseKey, receipt_id: str) -> None:
        """Hide a note of ours from customers; `StillPublic` when that does not work."""

    def takes_our_credentials(self) -> bool | None:
        """Whether we are accepted where no case is concerned; None when that cannot be told now."""

    def denied(self, error: Held) -> str:
        """Why one case is refused although our credentials are accepted, for an admin."""


@runtime_checkable
class Closes(Protocol):
    """What keeps connections."""

    def close(self) -> None:
        """Close them."""


class SecondPlace(Closes, Protocol):
    """Where a note goes besides its own place, by a lane of its own."""

    def take_turn(self) -> None:
        """Begin; `NotItsTurn` when no note may go there now."""

    def holds(self, key: CaseKey, *, markers: Sequence[str]) -> bool:
        """Whether our note is there already: it holds one of `markers`, or is known to be of the case."""

    def write(self, key: CaseKey, note: Note) -> None:
        """Write the note, in one request."""


@runtime_checkable
class KnowsAccounts(Protocol):
    """A place whose door may be told of cases of other accounts."""

    def is_of(self, account: str) -> bool:
        """Whether an account is the one where notes are written; `Temporary` when the service does not say."""


class Summariser(Protocol):
    """Who tells what a person did."""

    def ask(
        self, person: Person, *, callback_url: str, question: str | None = None, within: Stretch | None = None
    ) -> str:
        """Ask for highlights, to be sent to `callback_url`; the request's id.

        `QuestionRefused` when it may be asked without the question.
        """

    def result(self, request_id: str) -> Result | None:
        """What came of a request; None when it is not known there."""

    def takes_our_credentials(self, *, refused_with: int) -> bool | None:
        """Whether we are accepted where no person is concerned; None when that cannot be told (now)."""

    def denied(self, error: Held) -> str:
        """Why one person's highlights are refused although our credentials are accepted, for an admin."""


@dataclass(frozen=True, kw_only=True)
class Project:
    """One of the summariser's projects: who tells, and where what it tells of is looked at."""

    summariser: Summariser
    links: Links


# -- Who asks over HTTP


class Cases(Protocol):
    """What an API of a folder's own may do with cases."""

    def receive(self, case: NewCase) -> bool:
        """Take in a case; False when it is known, or was erased."""

    def standing(self, key: CaseKey) -> Standing | None:
        """How a case stands; None when it is not known, or was erased."""

    def waiting(self) -> int:
        """How many cases have no highlights yet."""


# -- A folder


@dataclass(frozen=True, kw_only=True)
class Signing:
    """By what a door's deliveries are known to be genuine, in the words that an admin needs when they are refused.

    `secret` is the variable that holds the secret, `proof` what a delivery bears that is made with it. `command` is
    ours, and prints the line that sets it; None when an admin copies it by hand. `sender` is what sends the deliveries,
    `needed` what one has to hold, and `fresh_minutes` how far off its time may be.
    """

    secret: str
    proof: str = "signature"
    command: str | None = None
    sender: str = "webhook"
    needed: str = "name of a case"
    fresh_minutes: int = 15

    @property
    def vouched(self) -> str:
        """How a genuine delivery is one of the service's, before its name."""
        return "signed by" if self.proof == Signing.proof else f"with the {self.proof} of"


@dataclass(frozen=True, kw_only=True)
class Service:
    """What a service's folder offers; None where it offers none.

    `name`, one word, is what its lane, its endpoint, the metrics and all texts call the service, `desk` what the keys
    of its cases begin with, `kind` what a note calls one, and `credentials` the variables that an admin looks at when
    it refuses us. Who has a door says how its deliveries are signed, and who has the summariser has its callback, its
    links, and the variable of the `ceiling`.

    A folder may offer several services, one for each of its doors, whose cases have one desk. `is_set_up` tells whether
    an admin has set a service up; None: always. The notes of a desk that has no place of its own go to the place of the
    service that `posts_to` names. Those of a `keeper` may go to the place of the service that `copies_to` names, too,
    where that is set up: the keeper gets it, and decides; its `api` gets the name.

    Of what doors tell of ratings, one service makes cases (`rated`). A service that `comes_with` others needs no
    variable of its own: it is set up where all of these are.
    """

    name: str
    credentials: str
    is_set_up: Callable[[Settings], bool] | None = None
    desk: str | None = None
    kind: CaseKind = CaseKind.TICKET
    door: Callable[[Settings], Door] | None = None
    signing: Signing | None = None
    place: Callable[[Settings], Place] | None = None
    posts_to: str | None = None
    keeper: Callable[[Settings, Redis, SecondPlace | None], Place] | None = None  # it keeps notes in our own Redis
    copies_to: str | None = None
    api: Callable[[Settings, Redis, Cases, str | None], Blueprint] | None = None  # where cases are asked for over HTTP
    rated: Callable[[Settings], Callable[[Rating], NewCase]] | None = None
    comes_with: tuple[str, ...] = ()
    interval: float = 1.0  # seconds between two notes for as long as the place has told no pace
    case_url: Callable[[Settings, CaseKey], str] | None = None  # where people look at a case
    missed: Callable[[Settings, Wait], MissedCases] | None = None
    summariser: Callable[[Settings], Summariser] | None = None
    callback: Callable[[Settings], Callback] | None = None
    links: Callable[[Settings], Links] | None = None
    projects: Callable[[Settings], Mapping[str, str]] | None = None  # its lanes beside its first: their credentials
    project: Callable[[Settings, str], Project] | None = None  # what is behind such a lane
    choose: Callable[[Settings, Details], str] | None = None  # the lane of a case's project
    ceiling: str | None = None  # the variable that says how many requests an hour there may be

    def __post_init__(self) -> None:
        if self.door is not None and self.signing is None:
            raise TypeError(f"{self.name} has a door and does not say how its deliveries are signed")

    @property
    def tells(self) -> bool:
        """Whether new cases come from there."""
        return self.door is not None or self.api is not None

    @property
    def takes_notes(self) -> bool:
        """Whether notes are written there."""
        return self.place is not None or self.keeper is not None

    @property
    def endpoint(self) -> str:
        """What its endpoint is called in Redis and in the metrics."""
        return self.name.lower()
