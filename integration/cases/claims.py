"""A job's claim to an entry, and what becomes of it when the step does not succeed; no I/O.

Each function takes an entry and the time (Unix seconds of Redis' clock), and returns the entry as it is next.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from integration.cases.entry import (
    GIVE_UP_CRASHES,
    GIVE_UP_SECONDS,
    JOB_SECONDS,
    LEASE_SECONDS,
    MAX_BACKOFF_SECONDS,
    MAX_RETRY_AFTER_SECONDS,
    REFUSALS,
    STILL_PUBLIC,
    TRIES_TO_FIND,
    TRIES_TO_FIND_ADDRESS,
    Entry,
    Policy,
    State,
)
from integration.cases.transitions import ended, requested
from integration.errors import NoAddress, RemoteError, StillPublic, Temporary

_LONGEST_REFUSED_SECONDS: Final = 100.0  # between two tries: with REFUSALS it fails within five minutes
_ADDRESS_BACKOFFS: Final = 60  # until an address is looked for again, in BACKOFF_SECONDS


def claimed(entry: Entry, now: float, *, state: State, lease: str, policy: Policy) -> Entry | None:
    """The entry under a lease for the step of `state`, or None when there is nothing to do (yet)."""
    if entry.state != state or entry.wait_until > now:
        return None
    return taken(entry, lease, now, lands_seconds(state, policy))


def lands_seconds(state: State, policy: Policy) -> float:
    """How long what a step writes may be under way after its claim, should its worker be killed at once."""
    return JOB_SECONDS + policy.settle if state is State.READY else 0.0


def taken(entry: Entry, lease: str, now: float, lands: float) -> Entry:
    """The entry under a lease, whose step is tried once more; `lands` is what `lands_seconds` says of it."""
    claim = replace(
        entry.claim,
        lease=lease,
        lease_until=now + LEASE_SECONDS,
        attempts=entry.claim.attempts + 1,
        since=entry.claim.since if entry.claim.since is not None else now,
    )
    if entry.state is not State.READY or entry.request.id is None:
        return replace(entry, claim=claim, tries=entry.tries + 1)
    claim = replace(claim, not_before=now + lands)
    tried = tuple(request_id for request_id in entry.note.tried if request_id != entry.request.id)
    note = replace(entry.note, tried=(*tried, entry.request.id))
    return replace(entry, claim=claim, note=note, tries=entry.tries + 1)


def deferred(entry: Entry, *, until: float, error: str) -> Entry:
    """The step could not begin: its turn comes later, and this was no attempt."""
    attempts = max(entry.claim.attempts - 1, 0)
    return replace(_released(entry, not_before=until, error=error, attempts=attempts), tries=max(entry.tries - 1, 0))


def postponed(entry: Entry, now: float, *, error: Temporary, policy: Policy) -> Entry:
    """The step met a temporary error: try again later, or give up after a day of nothing else."""
    if entry.claim.since is not None and now - entry.claim.since >= GIVE_UP_SECONDS:
        return ended(entry, now, state=State.FAILED, reason=f"given up after 24 hours: {error}")
    if entry.state is State.RECEIVED and entry.request.hint is not None:  # a callback told: the request did arrive
        return requested(entry, now, request_id=entry.request.hint, policy=policy)
    delay = _backoff(entry, policy)
    if error.outcome_unknown:
        delay = max(delay, policy.settle)
    if error.retry_after is not None:
        delay = max(delay, min(error.retry_after, MAX_RETRY_AFTER_SECONDS))
    delay += delay * policy.random() / 4
    return _released(entry, not_before=now + delay, error=str(error))


def crashed(entry: Entry, now: float, *, policy: Policy) -> Entry:
    """Our own code failed."""
    if entry.claim.crashes + 1 >= GIVE_UP_CRASHES:
        return ended(entry, now, state=State.FAILED, reason="internal error")
    delay = max(_backoff(entry, policy), policy.settle)  # it may have failed after a write
    return _released(entry, not_before=now + delay, error="internal error", crashes=entry.claim.crashes + 1)


# -- Refusals


def held(entry: Entry, now: float, *, error: RemoteError, delay: float) -> Entry:
    """It is refused, and that is everybody's trouble or may be: wait for as long as it takes.

    This neither ages nor slows the step. It does count as one attempt: the refusal may have come after the note was
    written.
    """
    since = entry.claim.refused_since if entry.claim.refused_since is not None else now
    return _released(
        entry,
        not_before=now + max(delay, min((now - since) / 2, _LONGEST_REFUSED_SECONDS)),
        error=str(error),
        attempts=min(entry.claim.attempts, 1),
        since=None,
        refused_since=since,
    )


def refused(entry: Entry, now: float, *, error: RemoteError, reason: str, policy: Policy) -> Entry:
    """It is refused, and that is this case's own trouble: try it some more times, then `reason` is its end."""
    if entry.claim.refusals + 1 >= REFUSALS:
        return ended(entry, now, state=State.FAILED, reason=reason)
    return _refused_once(entry, now, error=error, pause=refused_again(entry, error=error, policy=policy))


def refused_again(entry: Entry, *, error: RemoteError, policy: Policy) -> float:
    """The seconds until a case that was refused is tried again, growing with each time."""
    pause = min(policy.backoff * 5 * 3.0 ** min(entry.claim.refusals, 10), _LONGEST_REFUSED_SECONDS)
    return max(pause, policy.settle) if error.outcome_unknown else pause


def not_there(entry: Entry, now: float, *, error: RemoteError, policy: Policy) -> Entry:
    """The case, or an address of its person, is not there, or not yet: look some more times, then skip it."""
    address = isinstance(error, NoAddress)
    if entry.claim.refusals + 1 >= (TRIES_TO_FIND_ADDRESS if address else TRIES_TO_FIND):
        return ended(entry, now, state=State.SKIPPED, reason=str(error))
    pause = refused_again(entry, error=error, policy=policy)
    return _refused_once(entry, now, error=error, pause=policy.backoff * _ADDRESS_BACKOFFS if address else pause)


def still_public(entry: Entry, now: float, *, error: StillPublic, policy: Policy) -> Entry:
    """Our note can be read by customers: it is tried to be made private some more times, then a person has to."""
    entry = replace(entry, note=replace(entry.note, public_id=error.note_id, was_public=True))
    if entry.claim.refusals + 1 >= STILL_PUBLIC:
        return ended(entry, now, state=State.FAILED, reason=str(error), note_id=error.note_id)
    pause = min(policy.backoff * 2.0**entry.claim.refusals, MAX_BACKOFF_SECONDS)
    return _refused_once(entry, now, error=error, pause=pause)


def _refused_once(entry: Entry, now: float, *, error: RemoteError, pause: float) -> Entry:
    return _released(
        entry,
        not_before=now + pause,
        error=str(error),
        refusals=entry.claim.refusals + 1,
        refused_since=entry.claim.refused_since if entry.claim.refused_since is not None else now,
    )


def _released(entry: Entry, *, not_before: float, error: str, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Claim
    """The entry for the next worker, which may claim it from `not_before` on."""
    claim = replace(entry.claim, lease=None, lease_until=0, not_before=not_before, **changes)
    return replace(entry, claim=claim, last_error=error)


def _backoff(entry: Entry, policy: Policy) -> float:
    doublings = min(max(entry.claim.attempts - 1, 0), 20)
    return min(policy.backoff * 2.0**doublings, MAX_BACKOFF_SECONDS)
