"""What changes a case that is known already when it is told of again, retried, or its note demanded anew; no I/O.

Each function takes an entry and the time (Unix seconds of Redis' clock), and returns the entry as it is next, or None
when nothing changes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from integration.cases.entry import DEMANDS_SECONDS, FINAL, MOST_DEMANDS, NOBODY, RETRYABLE, Entry, Note, State
from integration.cases.transitions import ended, entered, sent_back
from integration.facts import NewCase, Person

_ACCOUNTS: Final = 5  # of one case: more would be nonsense


def said_more(entry: Entry, now: float, *, case: NewCase) -> Entry | None:
    """More was told of an answer while its note waits; None when that is nothing new, or comes too late."""
    if entry.state in FINAL or entry.said is None or case.said is None or entry.note.tried:
        return None
    if not case.begins and case.said.score is not None:
        if entry.state is State.RECEIVED and entry.claim.lease is None:
            return ended(entry, now, state=State.SKIPPED, reason="the score was corrected, and is not low any more")
        return None
    said, person = entry.said.and_later(case.said), entry.person
    if entry.state is State.RECEIVED and not entry.tries:  # nobody has been asked about yet
        person = Person(
            email=case.person.email or person.email, external_id=case.person.external_id or person.external_id
        )
    return None if (said, person) == (entry.said, entry.person) else replace(entry, said=said, person=person)


def retried(entry: Entry, now: float) -> Entry | None:
    """An admin puts an entry back to work that ended without a note; None when it has not.

    A note that customers can read is made private first of all: no other one is posted.
    """
    if entry.state not in RETRYABLE:
        return None
    if entry.note.public_id is not None:
        return entered(entry, State.READY, now)
    afresh = replace(entry, note=replace(entry.note, instead=None, why=None))
    return sent_back(afresh, now, not_before=0, failures=0, silences=0, look=0, own_only=False)


def demanded(entry: Entry, now: float, *, demand: str | None = None) -> Entry | None:
    """Somebody asks for highlights anew, whatever was posted.

    None while a note is on its way, after too many, or when this `demand` was answered already.
    """
    if demand is not None and demand == entry.demand:
        return None
    lately = tuple(moment for moment in entry.demands if now - DEMANDS_SECONDS < moment <= now)
    if entry.state not in FINAL or len(lately) >= MOST_DEMANDS:
        return None
    entry = replace(entry, demands=(*lately, now), demand=demand)
    if entry.note.public_id is not None:
        return entered(entry, State.READY, now)
    request = replace(entry.request, failures=0, silences=0, look=0, own_only=False)
    anew = replace(
        entry, request=request, created_at=now, on_demand=True, recovered=False, redis_restarted=False, person=NOBODY
    )
    return replace(sent_back(anew, now, not_before=0), note=Note(was_public=entry.note.was_public))


def looked_again(entry: Entry, now: float) -> Entry | None:
    """The desk may know by now whom a case is about that nobody could be looked for; None when it is not one of them.

    Only what waits for that, or was given up for it, changes: a step that is under way looks by itself.
    """
    if entry.person.known or entry.request.id is not None or entry.claim.lease is not None:
        return None
    if entry.state is State.SKIPPED:
        return retried(entry, now)
    if entry.state is State.RECEIVED and entry.claim.refusals:
        return replace(entry, claim=replace(entry.claim, not_before=now))
    return None


def told_of(entry: Entry, now: float, *, account: str) -> Entry | None:
    """A delivery says that a case which is known is an account's; None when that is nothing new.

    One that was skipped because it was another account's is looked at again: it may be ours all the same.
    """
    if not entry.accounts or account in entry.accounts or entry.state not in (State.RECEIVED, State.SKIPPED):
        return None
    entry = replace(entry, accounts=(*entry.accounts, account)[-_ACCOUNTS:])
    return retried(entry, now) if entry.state is State.SKIPPED else entry
