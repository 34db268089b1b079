"""One ticket's entry in the ledger, and everything that can happen to it; no I/O.

    received -> requested -> ready -> posted          other ends: empty, skipped, failed

Each function below takes an entry and the time (Unix seconds of Redis' clock) and returns the entry as it is next.
When the next look at an entry is due follows from the entry alone: see `Entry.wait_until`.
"""

from __future__ import annotations

import dataclasses
import enum
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from integration.errors import NoAddress, RemoteError, StillPublic, Temporary
from integration.facts import CaseKey, Highlights, Result, Session, Status, read_case_key

VERSION = 1  # of the stored form; an entry of a newer version is left alone

JOB_SECONDS = 20  # the longest a job may take,
STOP_SECONDS = 25  # shorter than the worker waits for it on SIGTERM,
LEASE_SECONDS = 28  # shorter than nobody else touches its entry
POLLS = 6  # how often the summariser is asked for one result
GIVE_UP_SECONDS = 24 * 60 * 60  # how long a step may meet temporary errors
GIVE_UP_CRASHES = 5  # how often our own code may fail in one step
MAX_BACKOFF_SECONDS = 15 * 60
REFUSALS = 3  # of one ticket's own after which it has failed
LOOKS = 4  # for a ticket that is not there
LOOKS_FOR_ADDRESS = 2
STILL_PUBLIC = 8  # how often a public note is tried to be made private
_LONGEST_REFUSED_SECONDS = 100.0  # between two such tries: with REFUSALS it fails within five minutes
_ADDRESS_BACKOFFS = 60  # until an address is looked for again, in BACKOFF_SECONDS
MAX_RETRY_AFTER_SECONDS = 60 * 60
_HISTORY_LENGTH = 30


class State(enum.StrEnum):
    """Where a ticket stands."""

    RECEIVED = "received"
    REQUESTED = "requested"
    READY = "ready"
    POSTED = "posted"
    EMPTY = "empty"
    SKIPPED = "skipped"
    FAILED = "failed"


FINAL = frozenset({State.POSTED, State.EMPTY, State.SKIPPED, State.FAILED})
RETRYABLE = FINAL - {State.POSTED}


class Trouble(NamedTuple):
    """What kept a ticket in a state, or sent it back: kept for its way when it has long gone on."""

    since: float
    why: str
    until: float  # when it is, or was, looked at again; 0: at once, or never
    times: int = 1  # in a row


@dataclass(frozen=True, kw_only=True)
class Policy:
    """The times, in seconds, that an admin may set; `random` gives the jitter, from 0 to 1."""

    poll_after: float
    failed_retry: tuple[float, ...]
    settle: float
    backoff: float
    random: Callable[[], float]
    summariser: str = "the summariser"  # its name, for the reasons that an admin reads


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one ticket. All times are Unix seconds of Redis' clock."""

    key: CaseKey
    received_at: float
    entered_at: float  # when the present state began
    state: State = State.RECEIVED
    email: str | None = field(default=None, repr=False)
    external_id: str | None = field(default=None, repr=False)
    person: str | None = None  # the address as a keyed hash, kept when the address itself is deleted
    redis_run: str = ""  # Redis' run id when the entry was last seen
    redis_restarted: bool = False  # it was another one before: the latest of what was written may be lost
    quiet_until: float = 0  # what the lost writes told of may still be under way until then
    recovered: bool = False  # from a desk's log of failed deliveries: an emptied Redis may have forgotten its note
    not_before: float = 0  # no claim earlier
    lease: str | None = None  # the claim under way
    lease_until: float = 0
    attempts: int = 0  # claims in the present step
    tries: int = 0  # claims in all
    step_since: float | None = None  # the first of them
    crashes: int = 0
    refusals: int = 0  # in the present step, of this ticket alone
    refused_since: float | None = None  # the first of them, or of those that may be everybody's
    request_id: str | None = None  # the summariser's id of the request on record
    hint: str | None = None  # an id that a callback named before the summariser's own answer was stored
    old_ids: tuple[str, ...] = ()  # requests that were given up
    polls: int = 0
    asked_early: bool = False  # a poll was brought forward by a callback that named another request
    failures: int = 0  # FAILED results
    silences: int = 0  # requests that brought no result
    tried: tuple[str, ...] = ()  # the requests whose note was attempted
    highlights: Highlights | None = field(default=None, repr=False)
    replay: str | None = None  # a session's place, kept when the text is deleted
    note_id: str | None = None
    public_note: str | None = None  # our note, which customers can read and which is to be made private
    was_public: bool = False  # our note was, for a moment at least
    reason: str | None = None  # of the final state
    last_error: str | None = None
    history: tuple[tuple[float, str], ...] = ()
    troubles: tuple[Trouble, ...] = ()  # oldest first; see integration.cases.story

    @property
    def wait_until(self) -> float:
        """When its next step may begin at the earliest."""
        return max(self.not_before, self.lease_until, self.quiet_until)

    @property
    def earlier_requests(self) -> tuple[str, ...]:
        """The requests whose note an earlier attempt may have left on the ticket."""
        if self.attempts > 1:
            return self.tried
        return tuple(request_id for request_id in self.tried if request_id != self.request_id)

    @property
    def all_requests(self) -> tuple[str, ...]:
        """Every request whose note may have been tried, also when the ledger has forgotten that."""
        known = self.tried if self.request_id is None else (*self.tried, self.request_id)
        return tuple(dict.fromkeys(known))


def under(entry: Entry, now: float, *, redis_run: str, policy: Policy) -> Entry:
    """The entry as Redis has it now, which after a crash or a failover may be an older one than was written last.

    At the first sight of that nothing is known of the claims and writes of the last seconds, and the times are another
    clock's: nothing is done until whatever was under way has come to its end.
    """
    if entry.redis_run in ("", redis_run):
        return entry
    return dataclasses.replace(
        entry,
        redis_run=redis_run,
        redis_restarted=True,
        quiet_until=now + JOB_SECONDS + policy.settle,
        not_before=0,
        lease_until=0,
        step_since=None,
        refused_since=None,
    )


class NewerEntryError(Exception):
    """The entry was written by a newer release, or cannot be read: it is left alone."""


# -- A job's claim and what comes of it


def claimed(entry: Entry, now: float, *, state: State, lease: str, policy: Policy) -> Entry | None:
    """The entry under a lease for the step of `state`, or None when there is nothing to do (yet)."""
    if entry.state != state or entry.wait_until > now:
        return None
    entry = dataclasses.replace(
        entry,
        lease=lease,
        lease_until=now + LEASE_SECONDS,
        attempts=entry.attempts + 1,
        tries=entry.tries + 1,
        step_since=entry.step_since if entry.step_since is not None else now,
    )
    if state is not State.READY or entry.request_id is None:
        return entry
    # Should the worker be killed now, its write to the desk may still be under way for SETTLE_SECONDS.
    tried = tuple(each for each in entry.tried if each != entry.request_id)
    return dataclasses.replace(entry, tried=(*tried, entry.request_id), not_before=now + JOB_SECONDS + policy.settle)


def identified(entry: Entry, *, email: str | None, external_id: str | None, person: str | None = None) -> Entry:
    """The desk told who the requester is; `person` is the address's keyed hash."""
    return dataclasses.replace(entry, email=email, external_id=external_id, person=person)


def requested(entry: Entry, now: float, *, request_id: str, policy: Policy) -> Entry:
    """The summariser took the request."""
    answered = entry.hint == request_id  # by a callback that overtook the summariser's own answer
    return _entered(
        entry,
        State.REQUESTED,
        now,
        request_id=request_id,
        hint=None,
        polls=0,
        asked_early=False,
        not_before=now if answered else now + policy.poll_after,
    )


def told(entry: Entry, now: float, *, result: Result, policy: Policy) -> Entry:
    """The summariser said what came of the request on record."""
    if result.status is Status.FAILED:
        return _failed_once(entry, now, policy=policy)
    if result.status is Status.READY and result.highlights is not None:
        if result.highlights.empty:
            return ended(entry, now, state=State.EMPTY, reason=_why_empty(result.highlights, policy.summariser))
        return _entered(entry, State.READY, now, highlights=result.highlights, replay=result.highlights.replay)
    return _told_nothing(entry, now, why=f"{policy.summariser} is not ready yet", policy=policy)


def _why_empty(highlights: Highlights, summariser: str) -> str:
    if highlights.sessions:
        return f"{summariser} found sessions of the requester, but its highlights hold no text"
    return f"{summariser} found no session of the requester"


def unknown_request(entry: Entry, now: float, *, policy: Policy) -> Entry:
    """The summariser does not know the request on record, or not yet: a poll without a result."""
    why = f"{policy.summariser} does not know the request, or not yet (404)"
    return _told_nothing(entry, now, why=why, policy=policy)


def posted(entry: Entry, now: float, *, note_id: str | None, was_public: bool = False) -> Entry:
    """The note is on the ticket, and internal; `was_public` when it had to be made so."""
    entry = dataclasses.replace(entry, public_note=None, was_public=entry.was_public or was_public)
    return ended(entry, now, state=State.POSTED, reason=None, note_id=note_id)


def ended(entry: Entry, now: float, *, state: State, reason: str | None, note_id: str | None = None) -> Entry:
    """Nothing more will be done by itself; what is personal is deleted."""
    return _entered(
        entry,
        state,
        now,
        reason=reason,
        note_id=note_id,
        email=None,
        external_id=None,
        highlights=None,
        hint=None,
    )


def postponed(entry: Entry, now: float, *, error: Temporary, policy: Policy) -> Entry:
    """The step met a temporary error: try again later, or give up after a day of nothing else."""
    if entry.step_since is not None and now - entry.step_since >= GIVE_UP_SECONDS:
        return ended(entry, now, state=State.FAILED, reason=f"given up after 24 hours: {error}")
    if entry.state is State.RECEIVED and entry.hint is not None:  # a callback told meanwhile: the request did arrive
        return requested(entry, now, request_id=entry.hint, policy=policy)
    delay = _backoff(entry, policy)
    if error.outcome_unknown:
        delay = max(delay, policy.settle)
    if error.retry_after is not None:
        delay = max(delay, min(error.retry_after, MAX_RETRY_AFTER_SECONDS))
    delay += delay * policy.random() / 4
    return _released(entry, not_before=now + delay, last_error=str(error))


def held(entry: Entry, now: float, *, error: RemoteError, delay: float) -> Entry:
    """It is refused, and that is everybody's trouble or may be: wait for as long as it takes.

    This neither ages nor slows the step. It does count as one attempt: the refusal may have come after the note was
    written.
    """
    since = entry.refused_since if entry.refused_since is not None else now
    return _released(
        entry,
        not_before=now + max(delay, min((now - since) / 2, _LONGEST_REFUSED_SECONDS)),
        attempts=min(entry.attempts, 1),
        step_since=None,
        refused_since=since,
        last_error=str(error),
    )


def refused(entry: Entry, now: float, *, error: RemoteError, reason: str, policy: Policy) -> Entry:
    """It is refused, and that is this ticket's own trouble: try it some more times, then `reason` is its end."""
    if entry.refusals + 1 >= REFUSALS:
        return ended(entry, now, state=State.FAILED, reason=reason)
    return _refused_once(entry, now, error=error, pause=refused_again(entry, error=error, policy=policy))


def refused_again(entry: Entry, *, error: RemoteError, policy: Policy) -> float:
    """The seconds until a ticket that was refused is tried again, growing with each time."""
    pause = min(policy.backoff * 5 * 3.0 ** min(entry.refusals, 10), _LONGEST_REFUSED_SECONDS)
    return max(pause, policy.settle) if error.outcome_unknown else pause


def not_there(entry: Entry, now: float, *, error: RemoteError, policy: Policy) -> Entry:
    """The ticket, or an address of its requester, is not there, or not yet: look some more times, then skip it."""
    address = isinstance(error, NoAddress)
    if entry.refusals + 1 >= (LOOKS_FOR_ADDRESS if address else LOOKS):
        return ended(entry, now, state=State.SKIPPED, reason=str(error))
    pause = refused_again(entry, error=error, policy=policy)
    return _refused_once(entry, now, error=error, pause=policy.backoff * _ADDRESS_BACKOFFS if address else pause)


def still_public(entry: Entry, now: float, *, error: StillPublic, policy: Policy) -> Entry:
    """Our note can be read by customers: it is tried to be made private some more times, then a person has to."""
    entry = dataclasses.replace(entry, public_note=error.note_id, was_public=True)
    if entry.refusals + 1 >= STILL_PUBLIC:
        return ended(entry, now, state=State.FAILED, reason=str(error), note_id=error.note_id)
    pause = min(policy.backoff * 2.0**entry.refusals, MAX_BACKOFF_SECONDS)
    return _refused_once(entry, now, error=error, pause=pause)


def became_public(old: Entry, new: Entry) -> bool:
    """Whether it is noticed just now that customers can read our note, or could."""
    return new.was_public and not old.was_public


def is_left_public(old: Entry, new: Entry) -> bool:
    """Whether it is given up just now to make our note private: a person has to."""
    return new.public_note is not None and new.state in FINAL and old.state not in FINAL


def deferred(entry: Entry, *, until: float, error: str) -> Entry:
    """The step could not begin: its turn comes later, and this was no attempt."""
    attempts, tries = max(entry.attempts - 1, 0), max(entry.tries - 1, 0)
    return _released(entry, not_before=until, attempts=attempts, tries=tries, last_error=error)


def crashed(entry: Entry, now: float, *, policy: Policy) -> Entry:
    """Our own code failed."""
    if entry.crashes + 1 >= GIVE_UP_CRASHES:
        return ended(entry, now, state=State.FAILED, reason="internal error")
    delay = max(_backoff(entry, policy), policy.settle)  # it may have failed after a write
    return _released(entry, not_before=now + delay, crashes=entry.crashes + 1, last_error="internal error")


def why_nothing_changed(entry: Entry | None, result: Result, *, policy: Policy) -> str:
    """Why a callback with a valid token changed nothing."""
    if entry is None:
        return "the ticket is not known here, or was erased"
    if result.status is Status.PENDING:
        return f"{policy.summariser} is not ready yet"
    if result.request_id in entry.old_ids:
        return "it is of a request that was given up"
    if entry.state in FINAL:
        return f"the ticket is {entry.state} already"
    return "the highlights are here already" if entry.state is State.READY else "the same was told before"


def retried(entry: Entry, now: float) -> Entry | None:
    """An admin puts an entry back to work that ended without a note; None when it has not.

    A note that customers can read is made private first of all: no other one is posted.
    """
    if entry.state not in RETRYABLE:
        return None
    if entry.public_note is not None:
        return _entered(entry, State.READY, now, reason=None)
    return _back(entry, now, not_before=0, failures=0, silences=0, reason=None)


# -- The summariser's callback


def called_back(entry: Entry, now: float, *, result: Result, policy: Policy) -> Entry | None:
    """What a callback with a valid token changes; None when it changes nothing."""
    given_up = result.request_id in entry.old_ids and result.request_id != entry.request_id
    if result.status is Status.PENDING or given_up:
        return None
    if entry.state is State.REQUESTED:
        if result.request_id == entry.request_id:
            return told(entry, now, result=result, policy=policy)
        return _asked_early(entry, now)
    if entry.state is State.RECEIVED and result.request_id is not None:
        return _overtaken(entry, now, request_id=result.request_id)
    return None


def _asked_early(entry: Entry, now: float) -> Entry | None:
    """A callback named another request: the one on record is asked for, once, unless we were told to wait."""
    if entry.asked_early or entry.attempts or entry.not_before <= now:
        return None
    return dataclasses.replace(entry, asked_early=True, not_before=now)


def _overtaken(entry: Entry, now: float, *, request_id: str) -> Entry | None:
    """A callback came before an answer to our request was stored: its id is asked for, its text is not believed."""
    if entry.hint == request_id:
        return None
    if entry.lease_until > now:  # the job that asks is still at it, and will find the hint
        return dataclasses.replace(entry, hint=request_id)
    return _entered(entry, State.REQUESTED, now, request_id=request_id, hint=None, polls=0, not_before=now)


# -- Going back


def _failed_once(entry: Entry, now: float, *, policy: Policy) -> Entry:
    if entry.failures >= len(policy.failed_retry):
        reason = f"{policy.summariser} failed to make highlights {entry.failures + 1} times"
        return ended(entry, now, state=State.FAILED, reason=reason)
    again = now + policy.failed_retry[entry.failures]
    return _back(
        entry,
        now,
        not_before=again,
        failures=entry.failures + 1,
        last_error=f"{policy.summariser} failed to make highlights",
    )


def _told_nothing(entry: Entry, now: float, *, why: str, policy: Policy) -> Entry:
    if entry.polls + 1 >= POLLS:
        return _silent(entry, now, policy=policy)
    not_before = now + policy.poll_after
    return _released(entry, not_before=not_before, polls=entry.polls + 1, last_error=why, **_NEW_STEP)


def _silent(entry: Entry, now: float, *, policy: Policy) -> Entry:
    if entry.silences:
        return ended(entry, now, state=State.FAILED, reason=f"{policy.summariser} took two requests and gave no result")
    return _back(
        entry,
        now,
        not_before=now,
        silences=1,
        last_error=f"{policy.summariser} gave no result when asked {POLLS} times",
    )


def _back(entry: Entry, now: float, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Entry
    given_up = entry.old_ids if entry.request_id is None else (*entry.old_ids, entry.request_id)
    return _entered(entry, State.RECEIVED, now, old_ids=given_up, request_id=None, replay=None, polls=0, **changes)


_NEW_STEP: dict[str, Any] = {"attempts": 0, "step_since": None, "crashes": 0, "refusals": 0, "refused_since": None}


def _entered(entry: Entry, state: State, now: float, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Entry
    history = (*entry.history, (round(now, 3), str(state)))[-_HISTORY_LENGTH:]
    changes = {"not_before": 0, "last_error": None, **_NEW_STEP, **changes}
    return _released(entry, state=state, entered_at=now, history=history, **changes)


def _released(entry: Entry, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Entry
    return dataclasses.replace(entry, lease=None, lease_until=0, **changes)


def _refused_once(entry: Entry, now: float, *, error: RemoteError, pause: float) -> Entry:
    return _released(
        entry,
        not_before=now + pause,
        refusals=entry.refusals + 1,
        refused_since=entry.refused_since if entry.refused_since is not None else now,
        last_error=str(error),
    )


def _backoff(entry: Entry, policy: Policy) -> float:
    doublings = min(max(entry.attempts - 1, 0), 20)
    return min(policy.backoff * 2.0**doublings, MAX_BACKOFF_SECONDS)


# -- The stored form: JSON, without the fields that hold their default


def dump(entry: Entry) -> str:
    """The entry as JSON."""
    stored: dict[str, Any] = {"v": VERSION}
    for each in dataclasses.fields(Entry):
        value = getattr(entry, each.name)
        if each.default is dataclasses.MISSING or value != each.default:
            stored[each.name] = value
    if entry.highlights is not None:
        stored["highlights"] = _dump_highlights(entry.highlights)
    return json.dumps(stored, separators=(",", ":"))


def _dump_highlights(highlights: Highlights) -> dict[str, Any]:
    sessions = [[session.place, session.text] for session in highlights.sessions]
    return {"summary": highlights.summary, "sessions": sessions, "linked": highlights.linked}


def dump_without_times(entry: Entry) -> str:
    """A new entry as JSON, for Redis to put its own times and its run id in."""
    stored = json.loads(dump(entry))
    del stored["received_at"], stored["entered_at"]
    return json.dumps(stored, separators=(",", ":"))


def load(text: bytes | str) -> Entry:
    """The entry of `dump`, an older release's too; `NewerEntryError` when a newer one wrote it, or none of ours."""
    try:
        stored = json.loads(text)
        if stored.pop("v") <= VERSION:
            return _load(stored)
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # one such entry must not stop all others
        raise NewerEntryError from error
    raise NewerEntryError


def _load(stored: dict[str, Any]) -> Entry:
    known = {each.name for each in dataclasses.fields(Entry)}
    values = {name: value for name, value in stored.items() if name in known}
    values["key"] = read_case_key(values["key"])
    values["state"] = State(values.get("state", State.RECEIVED))
    for name in ("old_ids", "tried"):
        values[name] = tuple(values.get(name, ()))
    values["history"] = tuple((when, what) for when, what in values.get("history", ()))
    values["troubles"] = tuple(Trouble(*each) for each in values.get("troubles", ()))
    if values.get("highlights") is not None:
        values["highlights"] = _load_highlights(values["highlights"])
    return Entry(**values)


def _load_highlights(stored: dict[str, Any]) -> Highlights:
    sessions = tuple(Session(place=place, text=text) for place, text in stored["sessions"])
    return Highlights(summary=stored["summary"], sessions=sessions, linked=stored.get("linked"))
