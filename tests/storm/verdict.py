"""The verdict on a storm: what went wrong, each in one line; nothing when the promise was kept. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from integration.cases.entry import FINAL, State
from tests.storm.evidence import Evidence, Ticket
from tests.storm.stage import FAILED_RETRY
from tests.storm.tickets import Kind

WAIT_SECONDS: Final = 200.0  # Redis is away for a minute, credentials are refused, a lease and a settling time pass
DELIVERY_SECONDS: Final = 30.0  # that a delivery may take with all its attempts
TAKEN: Final = 200  # LogRocket's answer to a request that it took; faults are never recorded with it


def problems(evidence: Evidence) -> list[str]:
    """Everything that breaks the promise."""
    broken_promises = []
    for number, kind in evidence.kinds.items():
        ticket = evidence.tickets[number]
        broken = _erased(ticket) if number in evidence.erased else _kept(ticket, kind)
        if ticket.entry is None and ticket.deleted and _forgotten(evidence, number):
            broken = _notes(ticket)
        broken_promises += [f"ticket {number} ({kind.name}): {problem}" for problem in broken]
    waited, number = longest_wait(evidence)
    if waited > WAIT_SECONDS:
        broken_promises.append(f"ticket {number}: waited for {waited:.0f} s although nothing was wrong with it")
    extra, allowed = extra_requests(evidence), sum(blow.cost for blow in evidence.blows)
    if extra > allowed:
        broken_promises.append(f"{extra} extra requests to LogRocket, and the kills account for {allowed}")
    if evidence.own_429:
        broken_promises.append(f"{evidence.own_429} times 429 that no fault had set")
    broken_promises += [f"Redis: {key}" for key in evidence.keys.unexplained]
    broken_promises += [f"a log shows {leak}" for leak in evidence.leaks]
    return [*broken_promises, *evidence.wrong]


def longest_wait(evidence: Evidence) -> tuple[float, int]:
    """The longest that a ticket with no trouble of its own waited for its note, in seconds, and which ticket it was."""
    waits = [
        (ticket.tried_at - evidence.filed_at[number], number)
        for number, ticket in evidence.tickets.items()
        if ticket.tried_at is not None and evidence.kinds[number].innocent and not _asked_again_for(ticket)
    ]
    return max(waits, default=(0.0, 0))


def _asked_again_for(ticket: Ticket) -> int:
    return ticket.outcomes["FAILED"] + ticket.outcomes["PENDING"]


def _forgotten(evidence: Evidence, number: int) -> bool:
    """Whether a ticket came when Redis' writes were lost: it is found among Zendesk's tickets, but not once deleted."""
    at = evidence.filed_at[number]
    return any(began - DELIVERY_SECONDS < at < ended for began, ended in evidence.forgotten)


def extra_requests(evidence: Evidence) -> int:
    """How many requests LogRocket took that nothing but a kill explains."""
    return sum(map(_extra, evidence.tickets.values()))


def notes(evidence: Evidence) -> int:
    """How many notes there are."""
    return sum(len(ticket.notes) for ticket in evidence.tickets.values())


def doubles(evidence: Evidence) -> int:
    """How many notes there are too many."""
    return sum(max(len(ticket.notes) - 1, 0) for ticket in evidence.tickets.values())


def _kept(ticket: Ticket, kind: Kind) -> Iterator[str]:
    """What breaks the promise for one ticket."""
    yield from _notes(ticket)
    entry = ticket.entry
    if entry is None:
        yield "lost: the ledger does not know it"
        return
    if entry.state not in FINAL:
        yield f"stuck: {entry.state}, {entry.claim.attempts} attempts, last error: {entry.last_error}"
        return
    if entry.person.email or entry.person.external_id or entry.note.highlights:
        yield f"{entry.state}, and still holds who asked or what was told"
    if entry.state is State.POSTED:
        if not ticket.notes and not ticket.deleted:
            yield "posted, and has no note"
        if not kind.note:
            yield "posted, although nobody could know what to tell"
        return
    if ticket.notes:
        yield f"{entry.state}, and has a note"
    if not entry.reason:
        yield f"{entry.state}, without a reason"
    elif not _excused(ticket, kind, entry.state):
        yield f"could have had a note: {entry.state}, {entry.reason}"


def _erased(ticket: Ticket) -> Iterator[str]:
    yield from _notes(ticket)
    if ticket.entry is not None:
        yield "erased, and came back"
    if not ticket.notes and not ticket.deleted:
        yield "erased after its note, and has none"


def _notes(ticket: Ticket) -> Iterator[str]:
    if len(ticket.notes) > 1:
        yield f"{len(ticket.notes)} notes"
    if any(note.public for note in ticket.notes):
        yield "its note is public"


def _excused(ticket: Ticket, kind: Kind, state: State) -> bool:
    """Whether what happened to a ticket explains why it has no note."""
    match state:
        case State.SKIPPED:
            return kind.skipped
        case State.EMPTY:
            return ticket.outcomes["EMPTY"] > 0
        case State.FAILED if kind.failed:
            return True
        case _:  # FAILED as often as it is asked again for that, or two requests without a result
            return ticket.outcomes["FAILED"] > len(FAILED_RETRY) or ticket.outcomes["PENDING"] > 1


def _extra(ticket: Ticket) -> int:
    taken = sum(status == TAKEN for _, status in ticket.asked)
    asked_again_for = ticket.outcomes["FAILED"] + ticket.outcomes["PENDING"]
    return max(taken - 1 - asked_again_for, 0)
