"""The verdict on a storm: what went wrong, each in one line; nothing when the promise was kept. No I/O."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from integration.cases.entry import FINAL, State
from integration.facts import CaseKey, desk_of
from tests.storm.blows import AWAY, RESTART
from tests.storm.doors import NOT_LOW
from tests.storm.evidence import Evidence, Ticket
from tests.storm.squalls import Outage
from tests.storm.stage import FAILED_RETRY
from tests.storm.tickets import Kind

WAIT_SECONDS: Final = 200.0  # Redis is away for a minute, credentials are refused, a lease and a settling time pass
DELIVERY_SECONDS: Final = 30.0  # that a delivery may take with all its attempts
MISTRUST_SECONDS: Final = 40.0  # after which what was under way in another Redis has ended, and its turn comes
STANDSTILL_SECONDS: Final = 10.0  # of an outage in which, elsewhere, something has to be written
LONG_BLOW_SECONDS: Final = 5.0
TAKEN: Final = 200  # LogRocket's answer to a request that it took; faults are never recorded with it

ANOTHER_REDIS: Final = (RESTART, AWAY, "Redis handed over")  # how the blows begin after which it is another one
_PLACES: Final = {"intercom": "Intercom", "survey": "Slack", "ask": "Client"}


def problems(evidence: Evidence) -> list[str]:
    """Everything that breaks the promise."""
    broken_promises = []
    for number, kind in evidence.kinds.items():
        ticket = evidence.tickets[number]
        broken = _erased(ticket) if number in evidence.erased else _kept(ticket, kind)
        if ticket.entry is None and ticket.deleted and (not ticket.accepted or _forgotten(evidence, number)):
            broken = _notes(
                ticket
            )  # what never came, or was lost, is found among Zendesk's tickets, but not once deleted
        broken_promises += [f"ticket {number} ({kind.name}): {problem}" for problem in broken]
    for case, kind in evidence.other_kinds.items():
        broken_promises += [f"{case} ({kind.name}): {problem}" for problem in _other(evidence.others[case], kind)]
    for waited, name in (longest_wait(evidence), longest_wait_elsewhere(evidence)):
        if waited > WAIT_SECONDS:
            broken_promises.append(f"{name}: waited for {waited:.0f} s although nothing was wrong with it")
    broken_promises += [
        f"{outage.service} was away for {outage.ended - outage.began:.0f} s, and nothing was written anywhere else"
        for outage in evidence.outages
        if outage.ended - outage.began > STANDSTILL_SECONDS
        and not written_elsewhere(evidence, outage)
        and not _everything_stood_still(evidence, outage)
    ]
    extra, allowed = extra_requests(evidence), sum(blow.cost for blow in evidence.blows)
    if extra > allowed:
        broken_promises.append(f"{extra} extra requests to LogRocket, and the kills account for {allowed}")
    if evidence.own_429:
        broken_promises.append(f"{evidence.own_429} times 429 that no fault had set")
    broken_promises += [f"Redis: {key}" for key in evidence.keys.unexplained]
    broken_promises += [f"a log shows {leak}" for leak in evidence.leaks]
    return [*broken_promises, *evidence.wrong]


def longest_wait(evidence: Evidence) -> tuple[float, str]:
    """The longest that a ticket with no trouble of its own waited for its note, in seconds, and which ticket it was.

    What Redis costs when it is away, or comes back as another one, is left out: everything under way waits for its end.
    """
    waits = [
        (_waited(evidence, evidence.filed_at[number], ticket.tried_at), f"ticket {number}")
        for number, ticket in evidence.tickets.items()
        if ticket.tried_at is not None and evidence.kinds[number].innocent and not _asked_again_for(ticket)
    ]
    return max(waits, default=(0.0, "no ticket"))


def longest_wait_elsewhere(evidence: Evidence) -> tuple[float, str]:
    """The same for the cases of the other doors; one that Redis has lost came anew when it was sent again."""
    waits = [
        (_waited(evidence, _reached_again(evidence, key, case.tried_at), case.tried_at), str(key))
        for key, case in evidence.others.items()
        if case.tried_at is not None
        and key in evidence.taken_at
        and evidence.other_kinds[key].innocent
        and not _asked_again_for(case)
        and not _came_when_forgotten(evidence, evidence.taken_at[key])
    ]
    return max(waits, default=(0.0, "no case"))


def _waited(evidence: Evidence, since: float, until: float) -> float:
    """The seconds that a case waited, without those for which Redis stood still or was not trusted."""
    stood_still = [
        blow.ended - blow.began + MISTRUST_SECONDS
        for blow in evidence.blows
        if blow.kind.startswith(ANOTHER_REDIS) and since < blow.ended and blow.began < until
    ]
    return max(until - since - sum(stood_still), 0.0)


def written_elsewhere(evidence: Evidence, outage: Outage) -> int:
    """For how many cases something was written while a service was away, in the places that were there."""
    others = [case for key, case in evidence.others.items() if _PLACES[desk_of(key)] != outage.service]
    tried = [case.tried_at for case in (*evidence.tickets.values(), *others) if case.tried_at is not None]
    return sum(outage.began < at < outage.ended for at in tried)


def _everything_stood_still(evidence: Evidence, outage: Outage) -> bool:
    """Whether a long blow, such as to Redis, explains that nothing was written: also for a while after it."""
    return any(
        blow.ended - blow.began > LONG_BLOW_SECONDS
        and blow.began < outage.ended
        and outage.began < blow.ended + STANDSTILL_SECONDS
        for blow in evidence.blows
    )


def _asked_again_for(ticket: Ticket) -> int:
    return ticket.outcomes["FAILED"] + ticket.outcomes["PENDING"]


def _forgotten(evidence: Evidence, number: int) -> bool:
    """Whether a ticket came when Redis' writes were lost."""
    return _came_when_forgotten(evidence, evidence.filed_at[number])


def _reached_again(evidence: Evidence, key: CaseKey, tried_at: float) -> float:
    """From when on a case has no reason to wait: of one whose service was away, not before it is tried once more.

    It is tried later and later: after as long again as it has waited so far, and a quarter of that by chance.
    """
    taken_at, service = evidence.taken_at[key], _PLACES[desk_of(key)]
    ends = [
        outage.ended
        for outage in evidence.outages
        if outage.service == service and outage.began < tried_at and taken_at < outage.ended
    ]
    return max((ended + 1.25 * (ended - taken_at) for ended in ends), default=taken_at)


def _came_when_forgotten(evidence: Evidence, at: float) -> bool:
    return any(began - DELIVERY_SECONDS < at < ended for began, ended in evidence.forgotten)


def extra_requests(evidence: Evidence) -> int:
    """How many requests LogRocket took that nothing but a kill explains."""
    return sum(map(_extra, (*evidence.tickets.values(), *evidence.others.values())))


def notes(evidence: Evidence) -> int:
    """How many notes there are."""
    return sum(len(ticket.notes) for ticket in (*evidence.tickets.values(), *evidence.others.values()))


def doubles(evidence: Evidence) -> int:
    """How many notes there are too many."""
    return sum(max(len(ticket.notes) - 1, 0) for ticket in (*evidence.tickets.values(), *evidence.others.values()))


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
    if entry.said is None and (entry.person.email or entry.person.external_id or entry.note.highlights):
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


def _other(case: Ticket, kind: Kind) -> Iterator[str]:
    """What breaks the promise for one case of the other doors."""
    if kind is not NOT_LOW:
        yield from _kept(case, kind)
    elif case.entry is not None or case.notes:
        yield "kept or told of, although nobody needs to know"


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
