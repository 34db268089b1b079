"""The whole way of tickets, from the trigger to the note: processor time, pace, and connections.

All tickets are delivered as fast as they are taken, on eight connections; LogRocket calls back after half a second.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks.contenders import Contender, Kind, forked, product, tuned, tutorial
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

WARM_UP = 24
_SECONDS_A_TICKET = 2.0  # after which a run counts as broken
_LOOK_SECONDS = 0.1
ROLES = ("web", "worker", "valkey")


@dataclass(frozen=True, kw_only=True)
class Way:
    """What one run used: processor time in milliseconds a ticket, by role."""

    cpu: Mapping[str, float]
    tickets_a_second: float
    connections: float  # opened a thousand tickets, to both services and to Redis
    most_to_redis: int  # connections that were open at once
    asked_zendesk: float  # requests about a ticket, its note included

    @property
    def all_cpu(self) -> float:
        """Of web, worker and Valkey together."""
        return sum(self.cpu.values())


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours without a question and with one, against both references, in turn."""
    kinds = (
        product(wanted.product),
        product(wanted.product, name="with question", QUESTION="ticket"),
        tuned(),
        forked(),
        tutorial(),
    )
    ways = in_turn(wanted, kinds, tickets=wanted.tickets)
    ours, asking, quick, loaded, simple = (ways[kind.name] for kind in kinds)
    yield _cpu("whole way, question off", ours, "tutorial", simple, aim=1 / 12)
    yield _cpu("whole way, question off", ours, "tuned", quick, aim=0.6)
    yield _cpu("whole way, question off", ours, "tuned, zenpy made in each job", loaded, aim=0.6)
    yield _cpu("whole way, QUESTION=ticket", asking, "tuned", quick, aim=0.75)
    for role in ROLES:
        yield Row(
            measure=f"of which {role}, question off",
            unit="ms of CPU a ticket",
            ours=[way.cpu[role] for way in ours],
            reference="tuned",
            theirs=[way.cpu[role] for way in quick],
        )
    for name, theirs, aim in (("tuned", quick, 1.4), ("tutorial", simple, None)):
        yield Row(
            measure="no-time answers, 4 worker processes",
            unit="tickets a second",
            ours=[way.tickets_a_second for way in ours],
            reference=name,
            theirs=[way.tickets_a_second for way in theirs],
            aim=aim,
            at_least=True,
        )
    yield Row(
        measure="connections opened",
        unit="a thousand tickets",
        ours=[way.connections for way in ours],
        reference="tutorial",
        theirs=[way.connections for way in simple],
        aim=0.01,
    )


def in_turn(
    wanted: Wanted, kinds: Sequence[Kind], *, tickets: int, logrocket: float = 0.0, zendesk: float = 0.0
) -> dict[str, list[Way]]:
    """So many runs of each, one after the other, so that what disturbs the machine disturbs all of them."""
    ways: dict[str, list[Way]] = {kind.name: [] for kind in kinds}
    with ExitStack() as stack:
        contenders = [stack.enter_context(Contender(kind)) for kind in kinds]
        for contender in contenders:
            run(contender, WARM_UP)
            contender.set_world(logrocket=logrocket, zendesk=zendesk)
        for number in range(wanted.runs):
            for contender in contenders:
                way = run(contender, tickets)
                ways[contender.kind.name].append(way)
                wanted.say(f"run {number + 1}: {_told(contender, way)}")
    return ways


def run(contender: Contender, tickets: int) -> Way:
    """Deliver tickets and wait until each has its note: one, internal, with our marker when it is ours."""
    opened, before, most = _connections_to_redis(contender), contender.cpu(), 0
    contender.deliver(tickets)
    deadline = time.monotonic() + max(tickets * _SECONDS_A_TICKET, 60.0)
    while contender.progress()["noted"] < tickets:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{contender.kind.name}: {contender.progress()}\n{contender.log('worker')[-2000:]}")
        time.sleep(_LOOK_SECONDS)
        most = max(most, contender.redis.info("clients")["connected_clients"] - 1)  # without this one
    after, report = contender.cpu(), contender.report()
    if (report["notes"], report["noted"], report["public"], report["marked"]) != (tickets, tickets, 0, tickets):
        raise RuntimeError(f"{contender.kind.name}: not one internal note a ticket: {report}")
    new = report["connections"] + _connections_to_redis(contender) - opened
    return Way(
        cpu={role: (after[role] - before[role]) * 1000 / tickets for role in ROLES},
        tickets_a_second=tickets / (report["last_note"] - report["began"]),
        connections=new * 1000 / tickets,
        most_to_redis=most,
        asked_zendesk=report["about_tickets"] / tickets,
    )


def _connections_to_redis(contender: Contender) -> int:
    opened: int = contender.redis.info("stats")["total_connections_received"]
    return opened


def _cpu(what: str, ours: Sequence[Way], name: str, theirs: Sequence[Way], *, aim: float) -> Row:
    return Row(
        measure=what,
        unit="ms of CPU a ticket",
        ours=[way.all_cpu for way in ours],
        reference=name,
        theirs=[way.all_cpu for way in theirs],
        aim=aim,
        parts={role: [way.cpu[role] for way in ours] for role in ROLES},
    )


def _told(contender: Contender, way: Way) -> str:
    parts = ", ".join(f"{role} {way.cpu[role]:.1f}" for role in ROLES)
    return f"{contender.kind.name} {way.all_cpu:.1f} ms a ticket ({parts}), {way.tickets_a_second:.1f} a second"
