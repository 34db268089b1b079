"""What a storm was and what came of it, as a short table for a person. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.storm import verdict
from tests.storm.evidence import EXPLAINED, Evidence, Ticket

OUTAGES = 3  # that are told of: the longest


def table(evidence: Evidence) -> str:
    """The figures, by kind."""
    return "\n".join(_lines(evidence))


def _lines(evidence: Evidence) -> Iterator[str]:
    ended = Counter(
        "erased after its note" if ticket.entry is None and number in evidence.erased
        else "deleted, and not known" if ticket.entry is None and ticket.deleted
        else "lost" if ticket.entry is None
        else str(ticket.entry.state)
        for number, ticket in evidence.tickets.items()
    )  # fmt: skip
    kills = [blow for blow in evidence.blows if blow.kind.startswith("SIGKILL")]
    yield f"The storm of seed {evidence.seed}: {_duration(evidence.seconds)}"
    yield ""
    yield from _section("Tickets", Counter(kind.name for kind in evidence.kinds.values()))
    yield from _section("  how they ended", ended, total=False)
    yield from _section("Cases of the other doors", Counter(kind.name for kind in evidence.other_kinds.values()))
    yield from _section("  how they ended", Counter(map(_end, evidence.others.values())), total=False)
    yield from _section("Faults", evidence.faults)
    yield from _section("Blows", Counter(blow.kind for blow in evidence.blows))
    yield _line("  of them SIGKILLs", len(kills))
    yield from _section(
        "LogRocket's results", sum((ticket.outcomes for ticket in evidence.tickets.values()), Counter())
    )
    yield from _section("Deliveries", evidence.deliveries)
    yield from _section("Tickets recovered from Zendesk's list", evidence.recovered)
    yield _line("Tickets that Redis had taken in and lost", evidence.vanished)
    yield from _section("Callbacks repeated, 20 at once", evidence.repeated)
    yield from _section("Strangers refused", evidence.strangers)
    yield from _section("Keys in Redis", {EXPLAINED[kind]: n for kind, n in evidence.keys.kinds.items()})
    yield from _section("Requests to the services", evidence.requests)
    yield _line("Requests to LogRocket that a kill cost", verdict.extra_requests(evidence))
    yield _line("429s caused by us", evidence.own_429)
    yield _line("Notes", verdict.notes(evidence))
    yield _line("Notes too many", verdict.doubles(evidence))
    yield _line("Callbacks repeated under the same id", evidence.told_again)
    yield from _section("Clients' polls", evidence.polled)
    for outage in sorted(evidence.outages, key=lambda outage: outage.began - outage.ended)[:OUTAGES]:
        label = f"Notes elsewhere while {outage.service} was away for {outage.ended - outage.began:.0f} s"
        yield _line(label, verdict.written_elsewhere(evidence, outage))
    waited, name = verdict.longest_wait(evidence)
    yield f"The longest that a ticket waited with which nothing was wrong: {waited:.1f} s ({name})."
    waited, name = verdict.longest_wait_elsewhere(evidence)
    yield f"The longest that another case waited with which nothing was wrong: {waited:.1f} s ({name})."
    yield f"Nothing was left to be done {_duration(evidence.settled_seconds)} after the bad weather."


def _end(case: Ticket) -> str:
    return "not known" if case.entry is None else str(case.entry.state)


def _section(title: str, counts: Mapping[str, int], *, total: bool = True) -> Iterator[str]:
    yield _line(title, sum(counts.values())) if total else title
    for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        yield _line(f"    {name}", count)


def _line(label: str, count: int) -> str:
    return f"{label:<78}{count:>8,}"


def _duration(seconds: float) -> str:
    return f"{seconds // 60:.0f} min {seconds % 60:.0f} s"
