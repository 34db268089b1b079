"""What the summariser's result changes, whether a job asked for it or a callback brought it; no I/O.

Each function takes an entry and the time (Unix seconds of Redis' clock), and returns the entry as it is next, or None
when nothing changes.
"""

from __future__ import annotations

from dataclasses import replace

from integration.cases import looks
from integration.cases.entry import FINAL, POLLS, Claim, Entry, Instead, Policy, State
from integration.cases.transitions import entered, no_highlights, sent_back
from integration.facts import Highlights, Result, Status, name_of


def told(entry: Entry, now: float, *, result: Result, policy: Policy) -> Entry:
    """The summariser said what came of the request on record."""
    if result.status is Status.FAILED:
        return _failed_once(entry, now, policy=policy)
    if result.status is Status.READY and result.highlights is not None:
        if result.highlights.empty:
            return _found_nothing(entry, now, why=_why_empty(result.highlights, policy.summariser), policy=policy)
        note = replace(entry.note, highlights=result.highlights, replay=result.highlights.replay)
        return entered(entry, State.READY, now, note=note)
    return _told_nothing(entry, now, why=f"{policy.summariser} is not ready yet", policy=policy)


def unknown_request(entry: Entry, now: float, *, policy: Policy) -> Entry:
    """The summariser does not know the request on record, or not yet: a poll without a result."""
    return _told_nothing(
        entry, now, why=f"{policy.summariser} does not know the request, or not yet (404)", policy=policy
    )


def _why_empty(highlights: Highlights, summariser: str) -> str:
    if highlights.sessions:
        return f"{summariser} found sessions of the requester, but its highlights hold no text"
    return f"{summariser} found no session of the requester"


# -- A callback


def called_back(
    entry: Entry, now: float, *, result: Result, policy: Policy, project: str | None = None
) -> Entry | None:
    """What a callback with a valid token changes, which `project` sent (its lane); None when it changes nothing."""
    given_up = result.request_id in entry.request.old_ids and result.request_id != entry.request.id
    if result.status is Status.PENDING or given_up:
        return None
    if entry.state is State.REQUESTED:
        if result.request_id == entry.request.id:
            return told(entry, now, result=result, policy=policy)
        return _asked_early(entry, now)
    if entry.state is State.RECEIVED and result.request_id is not None:
        return _overtaken(entry, now, request_id=result.request_id, project=project)
    return None


def woken(entry: Entry, now: float, *, request_id: str) -> Entry | None:
    """The answer to the request that was made for another case is there."""
    follows = entry.request.reused_from is not None and entry.request.id == request_id
    return _asked_early(entry, now) if entry.state is State.REQUESTED and follows else None


def why_nothing_changed(entry: Entry | None, result: Result, *, policy: Policy) -> str:
    """Why a callback with a valid token changed nothing."""
    if entry is None:
        return "the ticket is not known here, was erased, or was written by a newer release"
    if result.status is Status.PENDING:
        return f"{policy.summariser} is not ready yet"
    if result.request_id in entry.request.old_ids:
        return "it is of a request that was given up"
    if entry.state in FINAL:
        return f"the ticket is {entry.state} already"
    return "the highlights are here already" if entry.state is State.READY else "the same was told before"


def _asked_early(entry: Entry, now: float) -> Entry | None:
    """A callback named another request: the one on record is asked for, once, unless we were told to wait."""
    if entry.request.asked_early or entry.claim.attempts or entry.claim.not_before <= now:
        return None
    claim, request = replace(entry.claim, not_before=now), replace(entry.request, asked_early=True)
    return replace(entry, claim=claim, request=request)


def _overtaken(entry: Entry, now: float, *, request_id: str, project: str | None) -> Entry | None:
    """A callback came before an answer to our request was stored: its id is asked for, its text is not believed.

    Which project was asked was not stored either.
    """
    if entry.request.hint == request_id:
        return None
    known = replace(entry.request, project=project or entry.request.project)
    if entry.claim.lease_until > now:  # the job that asks is still at it, and will find the hint
        return replace(entry, request=replace(known, hint=request_id))
    request = replace(known, id=request_id, hint=None, polls=0)
    return entered(entry, State.REQUESTED, now, not_before=now, request=request)


# -- Going back, and on


def _found_nothing(entry: Entry, now: float, *, why: str, policy: Policy) -> Entry:
    """Nobody was found: the next look is made, or that was the last."""
    if entry.request.reused_from is not None:
        return _own(entry, now, why=why)
    known = looks.of(entry, policy)
    following = entry.request.look + 1
    if following >= len(known):
        return no_highlights(entry, now, reason=why, instead=Instead.EMPTY, policy=policy)
    why = f"{why} {known[entry.request.look].in_words}: looked for again {known[following].in_words}"
    return sent_back(entry, now, not_before=0, last_error=why, look=following, failures=0, silences=0)


def _own(entry: Entry, now: float, *, why: str) -> Entry:
    """What was made for another case is of no use: the case gets a request of its own."""
    why = f"{why} for {name_of(entry.request.reused_from or entry.key)}: asked for this one alone"
    return sent_back(entry, now, not_before=0, last_error=why, look=0, own_only=True)


def _failed_once(entry: Entry, now: float, *, policy: Policy) -> Entry:
    if entry.request.reused_from is not None:
        return _own(entry, now, why=f"{policy.summariser} failed to make highlights")
    failures = entry.request.failures
    if failures >= len(policy.failed_retry):
        reason = f"{policy.summariser} failed to make highlights {failures + 1} times"
        return no_highlights(entry, now, reason=reason, instead=Instead.FAILED, policy=policy)
    again, why = now + policy.failed_retry[failures], f"{policy.summariser} failed to make highlights"
    return sent_back(entry, now, not_before=again, last_error=why, failures=failures + 1)


def _told_nothing(entry: Entry, now: float, *, why: str, policy: Policy) -> Entry:
    if entry.request.reused_from is not None and entry.request.polls:
        return _own(entry, now, why=why)
    if entry.request.polls + 1 >= POLLS:
        return _silent(entry, now, policy=policy)
    request = replace(entry.request, polls=entry.request.polls + 1)
    return replace(entry, claim=Claim(not_before=now + policy.poll_after), request=request, last_error=why)


def _silent(entry: Entry, now: float, *, policy: Policy) -> Entry:
    if entry.request.silences:
        reason = f"{policy.summariser} took two requests and gave no result"
        return no_highlights(entry, now, reason=reason, instead=Instead.FAILED, policy=policy)
    why = f"{policy.summariser} gave no result when asked {POLLS} times"
    return sent_back(entry, now, not_before=now, last_error=why, silences=1)
