"""How an entry goes from state to state; no I/O.

What the summariser's result changes is in `integration.cases.results`, what changes a case that is told of again in
`integration.cases.again`, and what becomes of a job's claim in `integration.cases.claims`. Each function takes an entry
and the time (Unix seconds of Redis' clock), and returns the entry as it is next.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any, Final

from integration.cases import looks
from integration.cases.entry import (
    FINAL,
    JOB_SECONDS,
    NOBODY,
    Claim,
    Entry,
    Instead,
    Policy,
    State,
)
from integration.facts import CaseKey, Person, desk_of, name_of

_HISTORY_LENGTH: Final = 30
_TOLD_NEVER_AGAIN: Final = (State.FAILED, State.EMPTY)  # with a retry that begins with what the door told
_LOST_WITH_REDIS: Final = "Redis is another one, and may have lost what was written there: it is written again"


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
    return entered(entry, State.REQUESTED, now, not_before=not_before, request=request)


def reused(  # noqa: PLR0913 -- each is named where it is called
    entry: Entry, now: float, *, request_id: str, source: CaseKey, look: int, at_once: bool, policy: Policy
) -> Entry:
    """The request that was made for another case of the person is used; its answer may be there `at_once`."""
    known = looks.of(entry, policy)
    look = min(look, len(known) - 1)
    request = replace(entry.request, id=request_id, hint=None, polls=0, asked_early=False, look=look)
    request = replace(request, reused_from=source)
    not_before = now if at_once else now + policy.poll_after
    return entered(entry, State.REQUESTED, now, not_before=not_before, request=request, person=known[look].person)


def posted(
    entry: Entry, now: float, *, note_id: str | None, was_public: bool = False, in_run: str | None = None
) -> Entry:
    """The note is where it belongs, and internal; `was_public` when it had to be made so.

    `in_run` is the run of Redis that alone knows of the note: another one may have lost it, and the step is done again.
    """
    if in_run is not None and in_run != entry.redis_run:
        return replace(entry, claim=replace(entry.claim, lease=None), last_error=_LOST_WITH_REDIS)
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
    return entered(
        entry,
        state,
        now,
        reason=reason,
        **({} if entry.said is not None and state in _TOLD_NEVER_AGAIN else erased),
        request=replace(entry.request, hint=None),
        note=replace(entry.note, id=note_id, highlights=None),
    )


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
    return entered(entry, State.READY, now, note=note, request=request, person=people[0])


def _no_request(entry: Entry) -> str:
    """What stands for the request in the marker of a note whose request was never taken."""
    return hashlib.sha256(f"{entry.key} {entry.begun_at:.3f}".encode()).hexdigest()


def sent_on(entry: Entry, now: float, *, target: CaseKey) -> Entry:
    """The case was merged into another: what is to be done goes on there, at once."""
    note = replace(entry.note, merged_into=(*entry.note.merged_into, target))
    why = f"merged into {name_of(target)}: its note goes there"
    return replace(entry, claim=Claim(not_before=now), note=note, last_error=why)


# -- Going back, and on


def sent_back(entry: Entry, now: float, *, not_before: float, last_error: str | None = None, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Request
    """Highlights are to be requested once more; `changes` are those of the request."""
    old = entry.request
    given_up = old.old_ids if old.id is None else (*old.old_ids, old.id)
    return entered(
        entry,
        State.RECEIVED,
        now,
        not_before=not_before,
        last_error=last_error,
        request=replace(old, id=None, old_ids=given_up, polls=0, reused_from=None, **changes),
        note=replace(entry.note, replay=None),
    )


def entered(entry: Entry, state: State, now: float, *, not_before: float = 0, **changes: Any) -> Entry:  # noqa: ANN401 -- fields of Entry
    """The entry in a state whose step has not been tried yet."""
    history = (*entry.history, (round(now, 3), str(state)))[-_HISTORY_LENGTH:]
    changes = {"claim": Claim(not_before=not_before), "last_error": None, "reason": None, **changes}
    return replace(entry, state=state, entered_at=now, history=history, **changes)
