"""One case's entry in the ledger: what is known of it; no I/O.

    received -> requested -> ready -> posted          other ends: empty, skipped, failed

What can happen to it is in `integration.cases.transitions` (from state to state), `integration.cases.results` (what the
summariser's result changes), `integration.cases.again` (what changes a case that is told of again) and
`integration.cases.claims` (a job's claim, and what becomes of it when the step does not succeed); how it is written
down, in `integration.cases.stored`. When the next look at an entry is due follows from the entry alone: see
`Entry.wait_until`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from integration.facts import CaseKey, Highlights, Person, Said

JOB_SECONDS: Final = 20  # the longest a job may take
STOP_SECONDS: Final = 25  # how long the worker waits for its job on SIGTERM: longer than that
LEASE_SECONDS: Final = 28  # how long nobody else touches the job's entry: longer still
POLLS: Final = 6  # how often the summariser is asked for one result
MOST_DEMANDS: Final = 5  # for one case
DEMANDS_SECONDS: Final = 60 * 60  # within
GIVE_UP_SECONDS: Final = 24 * 60 * 60  # how long a step may meet temporary errors
GIVE_UP_CRASHES: Final = 5  # how often our own code may fail in one step
MAX_BACKOFF_SECONDS: Final = 15 * 60
MAX_RETRY_AFTER_SECONDS: Final = 60 * 60
REFUSALS: Final = 3  # of one case's own after which it has failed
TRIES_TO_FIND: Final = 4  # a case that is not there
TRIES_TO_FIND_ADDRESS: Final = 2
STILL_PUBLIC: Final = 8  # how often a public note is tried to be made private


class State(enum.StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    REQUESTED = "requested"
    READY = "ready"
    POSTED = "posted"
    EMPTY = "empty"
    SKIPPED = "skipped"
    FAILED = "failed"


FINAL: Final = frozenset({State.POSTED, State.EMPTY, State.SKIPPED, State.FAILED})
WAITING: Final = tuple(state for state in State if state not in FINAL)
RETRYABLE: Final = FINAL - {State.POSTED}
NOBODY: Final = Person()  # it is not known yet, or not any more, whom a case is about


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The times, in seconds, that an admin may set; `random` gives the jitter, from 0 to 1."""

    poll_after: float
    failed_retry: tuple[float, ...]
    settle: float
    backoff: float
    random: Callable[[], float]
    summariser: str = "the summariser"  # its name, for the reasons that an admin reads
    delay: float = 0.0  # from a case's creation until the summariser is asked
    lookback: float = 0.0  # how far before that it is asked to look; 0: it looks wherever it likes
    lookahead: float = 0.0
    link_when_empty: bool = False  # a short note with a link tells of what brought nothing
    link_when_failed: bool = False
    answered: frozenset[str] = frozenset()  # desks whose cases are told, too, that nothing was found
    reuse: float = 0.0  # for how long a request for one case of a person answers another one, too


class Trouble(NamedTuple):
    """What kept a case in a state, or sent it back: kept for its way when it has long gone on."""

    since: float
    why: str
    until: float  # when it is, or was, looked at again; 0: at once, or never
    times: int = 1  # in a row


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The step under way: who works on it, when it may be tried, what it has met. Each step begins with a new one."""

    not_before: float = 0  # no claim earlier
    lease: str | None = None  # of the worker that is at it
    lease_until: float = 0
    attempts: int = 0
    since: float | None = None  # the first of them
    crashes: int = 0
    refusals: int = 0  # of this case alone
    refused_since: float | None = None  # the first of them, or of those that may be everybody's


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the summariser was asked, and how often it told nothing."""

    id: str | None = None  # the summariser's, of the request on record
    hint: str | None = None  # an id that a callback named before the summariser's own answer was stored
    old_ids: tuple[str, ...] = ()  # requests that were given up
    polls: int = 0
    asked_early: bool = False  # a poll was brought forward by a callback that named another request
    failures: int = 0  # FAILED results
    silences: int = 0  # requests that brought no result
    look: int = 0  # which of the looks for the person it is: see integration.cases.looks
    project: str | None = None  # the lane of the summariser's project; None: the default one, or not known yet
    own_range: bool = False  # the case said which time it is about: nothing is looked for beyond that
    shared: str | None = None  # under which the request is kept for other cases of the person
    reused_from: CaseKey | None = None  # the case that it was made for, when it is another
    own_only: bool = False  # another's brought nothing


class Instead(enum.StrEnum):
    """What a note tells in the place of highlights."""

    EMPTY = "empty"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Note:
    """What is to be posted, and what came of it."""

    tried: tuple[str, ...] = ()  # the requests whose note was attempted
    highlights: Highlights | None = field(default=None, repr=False)
    replay: str | None = None  # a session's place, kept when the text is deleted
    id: str | None = None
    public_id: str | None = None  # of our note, when customers can read it and it is to be made private
    was_public: bool = False  # for a moment at least
    instead: Instead | None = None  # of highlights: why there are none, when a short note tells that
    why: str | None = None  # the same in words, for an admin
    merged_into: tuple[CaseKey, ...] = ()  # where the case has gone, one after the other: its note goes to the last


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one case. All times are Unix seconds of Redis' clock."""

    key: CaseKey
    received_at: float
    entered_at: float  # when the present state began
    state: State = State.RECEIVED
    person: Person = NOBODY  # who is asked about now, by one identity
    people: tuple[Person, ...] = field(default=(), repr=False)  # every identity, as the desk told them
    name: str | None = field(default=None, repr=False)  # what the person is called
    said: Said | None = None  # an answer to a survey, until its note is posted
    created_at: float | None = None  # when the case was created, or when highlights were demanded
    on_demand: bool = False
    demands: tuple[float, ...] = ()  # when they were, of late
    demand: str | None = None  # which of them the present round answers: it may be delivered again
    pseudonym: str | None = None  # the address, or the id, as a keyed hash: kept when these are deleted
    claim: Claim = Claim()
    request: Request = Request()
    note: Note = Note()
    tries: int = 0  # claims in all
    redis_run: str = ""  # Redis' run id when the entry was last seen
    redis_restarted: bool = False  # it was another one before: the latest of what was written may be lost
    quiet_until: float = 0  # what the lost writes told of may still be under way until then
    accounts: tuple[str, ...] = ()  # whose case deliveries said it is; see `again.told_of`
    recovered: bool = False  # from a desk's log of failed deliveries: an emptied Redis may have forgotten its note
    reason: str | None = None  # of the final state
    last_error: str | None = None
    history: tuple[tuple[float, str], ...] = ()
    troubles: tuple[Trouble, ...] = ()  # oldest first; see integration.cases.story

    @property
    def moment(self) -> float | None:
        """The moment about which somebody wants to know: the case's creation, or the demand."""
        if self.created_at is not None:
            return self.created_at
        return None if self.recovered and not self.on_demand else self.received_at

    @property
    def begun_at(self) -> float:
        """When its present round began: when it came, or when highlights were demanded anew."""
        return self.created_at if self.on_demand and self.created_at is not None else self.received_at

    @property
    def target(self) -> CaseKey:
        """Where its note goes: to itself, or where it was merged into."""
        return self.note.merged_into[-1] if self.note.merged_into else self.key

    @property
    def wait_until(self) -> float:
        """When its next step may begin at the earliest."""
        return max(self.claim.not_before, self.claim.lease_until, self.quiet_until)

    @property
    def earlier_requests(self) -> tuple[str, ...]:
        """The requests whose note an earlier attempt may have left there."""
        if self.claim.attempts > 1:
            return self.note.tried
        return tuple(request_id for request_id in self.note.tried if request_id != self.request.id)

    @property
    def all_requests(self) -> tuple[str, ...]:
        """Every request whose note may have been tried, also when the ledger has forgotten that."""
        tried = self.note.tried if self.request.id is None else (*self.note.tried, self.request.id)
        return tuple(dict.fromkeys(tried))
