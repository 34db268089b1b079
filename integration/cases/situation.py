"""The facts from which `standing` decides how it stands, and what it decides; no I/O."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from integration.cases.entry import State
from integration.cases.lanes import Hold
from integration.facts import TICKETS
from integration.ports import Signing


class Severity(enum.StrEnum):
    """What a trouble does to cases."""

    NO_NOTES = "tickets get no note"
    LOOK = "someone must look"
    NOTE = "for information"


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to type: on Heroku, and the same elsewhere."""

    heroku: str
    elsewhere: str


def setting(variable: str, value: str) -> Command:
    """Setting a variable."""
    return Command(heroku=f"heroku config:set {variable}={value}", elsewhere=f"{variable}={value}")


def of_ours(command: str) -> Command:
    """One of our own commands."""
    elsewhere = f"python -m integration {command}"
    return Command(heroku=f"heroku run -- {elsewhere}", elsewhere=elsewhere)


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """Something that is not well: what, since when (Unix seconds), what to do, and the command for it."""

    name: str
    severity: Severity
    what: str  # a sentence without its full stop
    do: str  # one sentence or more
    since: float | None = None
    command: Command | None = None

    @property
    def what_since(self) -> str:
        """What is wrong, and since when."""
        if self.since is None:
            return self.what
        return f"{self.what} (since {datetime.fromtimestamp(self.since, UTC):%Y-%m-%dT%H:%M:%SZ})"

    @property
    def what_to_do(self) -> str:
        """What to do, with the command for it."""
        if self.command is None:
            return self.do
        return f"{self.do} `{self.command.elsewhere}` (on Heroku: `{self.command.heroku}`)."


def in_a_name(service: str) -> str:
    """A service as the names of troubles and metrics call it: `logrocket_acme_outlet` for one of its projects."""
    return re.sub(r"[^a-z0-9]+", "_", service.lower())


def name_at(service: str, what: str) -> str:
    """The name of a trouble or a task at a desk: tickets, which were there first, have the plain ones."""
    return what if service.lower() == TICKETS else f"{service.lower()}_{what}"


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Deliveries that one endpoint refused for one reason, in a row: none of them was accepted since the first."""

    since: float
    last: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one endpoint took and refused. Times are Unix seconds."""

    genuine: float | None = None  # the last delivery that was verified
    mixed: float | None = None  # when refusals and genuine deliveries last took turns: there are two senders
    refused: Mapping[str, Refused] = field(default_factory=dict)  # by reason


@dataclass(frozen=True, kw_only=True)
class Door:
    """Where one service tells of new cases: how its deliveries are signed, whether the secret is set, what it saw."""

    service: str
    signing: Signing
    has_secret: bool = True
    seen: Seen = field(default_factory=Seen)

    def named(self, what: str) -> str:
        """The name of a trouble or a task of this door's."""
        return name_at(self.service, what)


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A service that did nothing of what it was asked since `since`, and why the last try failed."""

    since: float
    last: float
    tries: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that `troubles` looks at. Times are Unix seconds of Redis' clock."""

    now: float
    writes: str | None = None  # why Redis refuses writes
    beats: Mapping[str, float] = field(default_factory=dict)  # when a part of the worker last showed that it lives
    alive: frozenset[str] = frozenset()  # the parts of which a process lives
    doors: Mapping[str, Door] = field(default_factory=dict)  # by endpoint
    places: tuple[str, ...] = ()  # the services where notes are written
    summariser: str = ""
    callbacks: Seen = field(default_factory=Seen)  # of the summariser
    failing: Mapping[str, Failing] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    credentials: Mapping[str, str] = field(default_factory=dict)  # the variables that hold a service's
    accepted: Mapping[str, float] = field(default_factory=dict)  # when it last did what it was asked
    asked: int = 0  # requests for highlights in the last hour
    ceiling: int = 1000
    ceiling_variable: str = ""  # that sets it
    counts: Mapping[State, int] = field(default_factory=dict)
    oldest: Mapping[State, float] = field(default_factory=dict)  # when the first of them entered the state
    last_received: float | None = None
    noted: bool = False  # a note was posted, ever
    public: int = 0
    public_since: float | None = None
    missed: Mapping[str, str] = field(default_factory=dict)  # by service: why its missed cases cannot be recovered
    case_word: str = "ticket"  # what any case is called where all desks are meant
    poll_after: float = 300.0
    longest_retry: float = 900.0

    @property
    def desks(self) -> tuple[str, ...]:
        """The services that tell us of new cases."""
        return tuple(door.service for door in self.doors.values())

    @property
    def waiting(self) -> int:
        """How many cases are not at their end."""
        return sum(self.counts.get(state, 0) for state in (State.RECEIVED, State.REQUESTED, State.READY))
