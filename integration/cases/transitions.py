"""How an entry goes from state to state, and what the summariser's callback changes; no I/O.

Each function takes an entry and the time (Unix seconds of Redis' clock), and returns the entry as it is next.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Final

from integration.cases import looks
from integration.cases.entry import (
    DEMANDS_SECONDS,
    FINAL,
    JOB_SECONDS,
    MOST_DEMANDS,
    NOBODY,
    POLLS,
    RETRYABLE,
    Claim,
    Entry,
    Instead,
    Note,
    Policy,
    State,
)
from integration.facts import CaseKey, Highlights, NewCase, Person, Result, Status, desk_of, name_of

_HISTORY_LENGTH: Final = 30
_ACCOUNTS: Final = 5  # of one case: more would be nonsense
_TOLD_NEVER_AGAIN: Final = (State.FAILED, State.EMPTY)  # with a retry that begins with what the door told


def under(entry: Entry, now: float, *, redis_run: str, policy: Policy) -> Entry:
    """The entry as Redis has it now, which after a crash or a failover may be an older one than was written last.

    At the first sight of that nothing is known of the claims and writes of the last seconds, and the times are another
    clock's: nothing is done until whatever was under way has come to its end.
    """
    if entry.redis_run in ("", redis_run):
        return entry
    return replace(
        entry,
        redis_run=redis_run,
        redis_restarted=True,
        quiet_until=now + JOB_SECONDS + policy.settle,
        claim=replace(entry.claim, not_before=0, lease_until=0, since=None, refused_since=None),
    )


def identified(entry: Entry, *, person: Person, pseudonym: str | None = None, **facts: Any) -> Entry:  # noqa: ANN401 -- fields of Entry
    """The desk told who the requester is; `pseudonym` is their keyed hash."""
    return replace(entry, person=person, pseudonym=pseudonym, **facts)


def requested(entry: Entry, now: float, *, request_id: str, policy: Policy) -> Entry:
    """The summariser took the request."""
    answered = entry.request.hint == request_id  # by a callback that overtook the summariser's own answer
    request = replace(entry.request, id=request_id, hint=None, polls=0, asked_early=False, reused_from=None)
    not_before = now if answered else now + policy.poll_after
    return _entered(entry, State.REQUESTED, now, not_before=not_before, request=request)


def reused(  # noqa: PLR0913 -- each is named where it is called
    entry: Entry, now: float, *, request_id: str, source: CaseKey, look: int, at_once: bool, policy: Policy
) -> Entry:
    """The request that was made for another case of the person is used; its answer may be there `at_once`."""
    known = looks.of(entry, policy)
    look = min(look, len(known) - 1)
    request = replace(entry.request, id=request_id, hint=None, polls=0, asked_early=False, look=look)
    request = replace(request, reused_from=source)
    not_before = now if at_once else now + policy.poll_after
    return _entered(entry, State.REQUESTED, now, not_before=not_before, request=request, person=known[look].person)


def woken(entry: Entry, now: float, *, request_id: str) -> Entry | None:
    """The answer to the request that was made for another case is there."""
    follows = entry.request.reused_from is not None and entry.request.id == request_id
    return _asked_early(entry, now) if entry.state is State.REQUESTED and follows else None


def told(entry: Entry, now: float, *, result: Result, policy: Policy) -> Entry:
    """The summariser said what came of the request on record."""
    if result.status is Status.FAILED:
        return _failed_once(entry, now, policy=policy)
    if result.status is Status.READY and result.highlights is not None:
        if result.highlights.empty:
            return _found_nothing(entry, now, why=_why_empty(result.highlights, policy.summariser), policy=policy)
        note = replace(entry.note, highlights=result.highlights, replay=result.highlights.replay)
        return _entered(entry, State.READY, now, note=note)
    return _told_nothing(entry, now, why=f"{policy.summariser} is not ready yet", policy=policy)


def _why_empty(highlights: Highlights, summariser: str) -> str:
    if highlights.sessions:
        return f"{summariser} found sessions of the requester, but its highlights hold no text"
    return f"{summariser} found no session of the requester"


def unknown_request(entry: Entry, now: float, *, policy: Policy) -> Entry:
    """The summariser does not know the request on record, or not yet: a poll without a result."""
    return _told_nothing(
        entry, now, why=f"{policy.summariser} does not know the request, or not yet (404)", policy=policy
    )


def posted(entry: Entry, now: float, *, note_id: str | None, was_public: bool = False) -> Entry:
    """The note is on the ticket, and internal; `was_public` when it had to be made so."""
    note = replace(entry.note, public_id=None, was_public=entry.note.was_public or was_public)
    return ended(replace(entry, note=note), now, state=State.POSTED, reason=_remark(entry), note_id=note_id)


def _remark(entry: Entry) -> str | None:
    """What is to be known of a note that is no usual one."""
    said = []
    if entry.note.instead is not None:
        said.append(f"{entry.note.why}: a note with the link to all sessions was posted")
    if entry.request.reused_from is not None:
        said.append(f"made for {name_of(entry.request.reused_from)}")
    if entry.note.merged_into:
        said.append(f"merged into {name_of(entry.target)}: its note is there")
    return "; ".join(said) or None


def ended(entry: Entry, now: float, *, state: State, reason: str | None, note_id: str | None = None) -> Entry:
    """Nothing more will be done by itself; what is personal is deleted.

    Of an answer to a survey it is kept where a retry needs it: nobody could tell it again.
    """
    erased: dict[str, Any] = {"person": NOBODY, "people": (), "name": None, "said": None}
    return _entered(
        entry,
        state,
        now,
        reason=reason,
        **({} if entry.said is not None and state in _TOLD_NEVER_AGAIN else erased),
        request=replace(entry.request, hint=None),
        note=replace(entry.note, id=note_id, highlights=None),
    )


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
        return _entered(entry, State.READY, now)
    afresh = replace(entry, note=replace(entry.note, instead=None, why=None))
    return _back(afresh, now, not_before=0, failures=0, silences=0, look=0, own_only=False)


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
        return _entered(entry, State.READY, now)
    request = replace(entry.request, failures=0, silences=0, look=0, own_only=False)
    anew = replace(
        entry, request=request, created_at=now, on_demand=True, recovered=False, redis_restarted=False, person=NOBODY
    )
    return replace(_back(anew, now, not_before=0), note=Note(was_public=entry.note.was_public))


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


def became_public(old: Entry, new: Entry) -> bool:
    """Whether it is noticed just now that customers can read our note, or could."""
    return new.note.was_public and not old.note.was_public


def is_left_public(old: Entry, new: Entry) -> bool:
    """Whether this change gives up making our note private: a person has to."""
    return new.note.public_id is not None and new.state in FINAL and old.state not in FINAL


# -- Where the note goes, and what it tells


def no_highlights(entry: Entry, now: float, *, reason: str, instead: Instead, policy: Policy) -> Entry:
    """The summariser will tell nothing: that is the end, or a short note says so, as the admin wishes."""
    wanted = policy.link_when_empty if instead is Instead.EMPTY else policy.link_when_failed
    if not (wanted or desk_of(entry.key) in policy.answered) or not entry.person.known:
        return ended(entry, now, state=State(instead), reason=reason)
    people = entry.people or looks.one_by_one(entry.person)
    request = entry.request if entry.request.id is not None else replace(entry.request, id=_no_request(entry))
    note = replace(entry.note, instead=instead, why=reason)
    return _entered(entry, State.READY, now, note=note, request=request, person=people[0])


def _no_request(entry: Entry) -> str:
    """What stands for the request in the marker of a note whose request was never taken."""
    return hashlib.sha256(f"{entry.key} {entry.begun_at:.3f}".encode()).hexdigest()


def sent_on(entry: Entry, now: float, *, target: CaseKey) -> Entry:
    """The case was merged into another: what is to be done goes on there, at once."""
    note = replace(entry.note, merged_into=(*entry.note.merged_into, target))
    why = f"merged into {name_of(target)}: its note goes there"
    return replace(entry, claim=Claim(not_before=now), note=note, last_error=why)


# -- The summariser's callback


def called_back(entry: Entry, now: float, *, result: Result, policy: Policy) -> Entry | None:
    """What a callback with a valid token changes; None when it changes nothing."""
    given_up = result.request_id in entry.request.old_ids and result.request_id != entry.request.id
    if result.status is Status.PENDING or given_up:
        return None
    if entry.state is State.REQUESTED:
        if result.request_id == entry.request.id:
            return told(entry, now, result=result, policy=policy)
        return _asked_early(entry, now)
    if entry.state is State.RECEIVED and result.request_id is not None:
        return _overtaken(entry, now, request_id=result.request_id)
    return None


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


def _overtaken(entry: Entry, now: float, *, request_id: str) -> Entry | None:
    """A callback came before an answer to our request was stored: its id is asked for, its text is not believed."""
    if entry.request.hint == request_id:
        return None
    if entry.claim.lease_until > now:  # the job that asks is still at it, and will find the hint
        return replace(entry, request=replace(entry.request, hint=request_id))
    request = replace(entry.request, id=request_id, hint=None, polls=0)
    return _entered(entry, State.REQUESTED, now, not_before=now, request=request)


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
    return _back(entry, now, not_before=0, last_error=why, look=following, failures=0, silences=0)


def _own(entry: Entry, now: float, *, why: str) -> Entry:
    """What was made for another case is of no use: the case gets a request of its own."""
    why = f"{why} for {name_of(entry.request.reused_from or entry.key)}: asked for this one alone"
    return _back(entry, now, not_before=0, last_error=why, look=0, own_only=True)


def _failed_once(entry: Entry, now: float, *, policy: Policy) -> Entry:
    if entry.request.reused_from is not None:
        return _own(entry, now, why=f"{policy.summariser} failed to make highlights")
    failures = entry.request.failures
    if failures >= len(policy.failed_retry):
        reason = f"{policy.summariser} failed to make highlights {failures + 1} times"
        return no_highlights(entry, now, reason=reason, instead=Instead.FAILED, policy=policy)
    again, why = now + policy.failed_retry[failures], f"{policy.summariser} failed to make highlights"
    return _back(entry, now, not_before=again, last_error=why, failures=failures + 1)


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
    return _back(entry, now, not_before=now, last_error=why, silences=1)


def _back(entry: Entry, now: float, *, not_before: float, last_error: str | None = None, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Request
    """Highlights are to be requested once more; `changes` are those of the request."""
    old = entry.request
    given_up = old.old_ids if old.id is None else (*old.old_ids, old.id)
    return _entered(
        entry,
        State.RECEIVED,
        now,
        not_before=not_before,
        last_error=last_error,
        request=replace(old, id=None, old_ids=given_up, polls=0, reused_from=None, **changes),
        note=replace(entry.note, replay=None),
    )


def _entered(entry: Entry, state: State, now: float, *, not_before: float = 0, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Entry
    """The entry in a state whose step has not been tried yet."""
    history = (*entry.history, (round(now, 3), str(state)))[-_HISTORY_LENGTH:]
    changes = {"claim": Claim(not_before=not_before), "last_error": None, "reason": None, **changes}
    return replace(entry, state=state, entered_at=now, history=history, **changes)
