"""What the storm proves: the evidence in, everything that is wrong out; no I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from integration.entry import FINAL, Entry, State
from tests.storm.evidence import Ticket
from tests.storm.tickets import CLOSED, DELETED, NOBODY, Kind

TWO_REQUESTS = "LogRocket took two requests and gave no result"


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """All that was found when the storm was over."""

    tickets: Mapping[int, Ticket]
    kinds: Mapping[int, Kind]
    kill_cost: int = 0  # requests to LogRocket that the blows may have cost
    failed_retries: int = 4
    own_429: int = 0  # which no fault made
    trapped: int = 0  # connections that followed a redirect
    exit_codes: list[str] = field(default_factory=list)
    unexplained_keys: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)  # lines of the logs that tell of an internal error


def failures(evidence: Evidence) -> list[str]:
    """Every broken promise, one line each; none when all were kept."""
    found = [line for number in sorted(evidence.kinds) for line in _of_ticket(evidence, number)]
    extra = sum(extra_requests(ticket) for ticket in evidence.tickets.values())
    if extra > evidence.kill_cost:
        found.append(f"{extra} extra requests to LogRocket, and the blows explain {evidence.kill_cost}")
    if evidence.own_429:
        found.append(f"{evidence.own_429} answers 429 that no fault made")
    if evidence.trapped:
        found.append(f"{evidence.trapped} connections followed a redirect to another host")
    found += [f"Redis: {each}" for each in evidence.unexplained_keys]
    found += [f"a log shows {each}" for each in evidence.leaks]
    return [*found, *evidence.exit_codes, *evidence.crashes]


def _of_ticket(evidence: Evidence, number: int) -> Iterator[str]:
    kind, ticket = evidence.kinds[number], evidence.tickets.get(number)
    entry = ticket.entry if ticket is not None else None
    if ticket is None or entry is None:
        yield f"ticket {number} ({kind.name}): lost, the ledger does not know it"
        return
    problems = [
        *_notes(kind, ticket, entry),
        *_end(kind, ticket, entry, failed_retries=evidence.failed_retries),
    ]
    for problem in problems:
        yield f"ticket {number} ({kind.name}): {problem}; state {entry.state}, reason {entry.reason}"


def _notes(kind: Kind, ticket: Ticket, entry: Entry) -> Iterator[str]:
    if any(note.public for note in ticket.notes):
        yield "a public note"
    if len(ticket.notes) > 1:
        yield f"{len(ticket.notes)} notes"
    if ticket.notes and entry.state is not State.POSTED:
        yield "a note that the ledger does not know"
    if not ticket.notes and entry.state is State.POSTED and not ticket.deleted:
        yield "posted without a note"
    if ticket.notes and not kind.note:
        yield "a note where none can be"


def _end(kind: Kind, ticket: Ticket, entry: Entry, *, failed_retries: int) -> Iterator[str]:
    if entry.state not in FINAL:
        yield "stuck"
        return
    if entry.state is not State.POSTED and not entry.reason:
        yield "no reason"
    if entry.state is State.SKIPPED and kind.note and not kind.ends_early:
        yield "skipped without need"
    if entry.state is State.POSTED and kind in (NOBODY, CLOSED, DELETED):
        yield "posted where no note can be"
    outcomes = ticket.outcomes
    if entry.state is State.EMPTY and not outcomes["EMPTY"]:
        yield "empty although LogRocket had something to tell"
    if entry.state is State.FAILED and not _may_fail(entry, outcomes, failed_retries):
        yield "failed without need"


def _may_fail(entry: Entry, outcomes: Counter[str], failed_retries: int) -> bool:
    """Whether LogRocket gave so little that a ticket has to fail."""
    if entry.reason == TWO_REQUESTS:
        return True
    return outcomes["FAILED"] > failed_retries


def extra_requests(ticket: Ticket) -> int:
    """How many requests LogRocket took for a ticket that its own answers did not call for."""
    answered = sum(status == 200 for _, status in ticket.asked)
    lost = max(len(ticket.results) - answered, 0)  # taken, and the answer never came: it has to be asked again
    silent = int(ticket.entry is not None and ticket.entry.silences > 0)
    called_for = 1 + ticket.outcomes["FAILED"] + silent + lost
    return max(len(ticket.results) - called_for, 0)
