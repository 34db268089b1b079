"""The facts from which `standing` decides how it stands, and what it decides; no I/O."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from integration.cases.entry import State
from integration.cases.lanes import Hold


class Severity(enum.StrEnum):
    """What a trouble does to tickets."""

    NO_NOTES = "tickets get no note"
    LOOK = "someone must look"
    NOTE = "for information"


@dataclass(frozen=True, kw_only=True)
class Command:
    """What to type: on Heroku, and the same elsewhere."""

    heroku: str
    elsewhere: str


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


@dataclass(frozen=True, kw_only=True)
class Refused:
    """Deliveries that one endpoint refused for one reason, in a row: none of them was accepted since the first."""

    since: float
    last: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Door:
    """What one endpoint took and refused. Times are Unix seconds."""

    genuine: float | None = None  # the last delivery that was verified
    mixed: float | None = None  # when one was refused after one that was verified after one that was refused
    refused: Mapping[str, Refused] = field(default_factory=dict)  # by reason


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
    has_secret: bool
    writes: str | None = None  # why Redis refuses writes
    beats: Mapping[str, float] = field(default_factory=dict)  # when a part of the worker last showed that it lives
    alive: frozenset[str] = frozenset()  # the parts of which a process lives
    zendesk: Door = field(default_factory=Door)
    logrocket: Door = field(default_factory=Door)
    failing: Mapping[str, Failing] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    credentials: Mapping[str, str] = field(default_factory=dict)  # the variables that hold a service's
    accepted: Mapping[str, float] = field(default_factory=dict)  # when it last did what it was asked
    asked: int = 0  # requests for highlights in the last hour
    ceiling: int = 1000
    room_at: float | None = None  # when one more may be made
    counts: Mapping[State, int] = field(default_factory=dict)
    oldest: Mapping[State, float] = field(default_factory=dict)  # when the first of them entered the state
    last_received: float | None = None
    noted: bool = False  # a note was posted, ever
    public: int = 0
    public_since: float | None = None
    missed: str | None = None  # why missed tickets cannot be recovered
    poll_after: float = 300.0
    longest_retry: float = 900.0

    @property
    def waiting(self) -> int:
        """How many tickets are not at their end."""
        return sum(self.counts.get(state, 0) for state in (State.RECEIVED, State.REQUESTED, State.READY))
