"""What the worker costs when there is nothing to do: commands to Redis, processor time, connections."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks import before
from benchmarks.contenders import Contender, Kind, product, tuned
from benchmarks.measures.whole_way import run
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_TICKETS = 60  # that are handled first: connections are opened when they are needed
_CALM_SECONDS = 110.0  # longer than whatever looks after a step that may still be under way
_BEFORE = f"commit {before.COMMIT}"


@dataclass(kw_only=True)
class Rest:
    """What one contender did: commands a minute and milliseconds a second by window, connections to Redis."""

    commands: Sequence[float] = field(default_factory=list)
    cpu: Sequence[float] = field(default_factory=list)
    connections: float
    most: float


_AS_ONCE_MEASURED = Rest(commands=[840.0], cpu=[2.7], connections=21.0, most=22.0)
"""Of that commit, for checkouts without its history; scripts' own commands are counted, as everywhere here."""


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours, tuned, and ours as it was, in windows of the same seconds: who rests does not disturb."""
    with before.checkout() as folder:
        kinds = [product(wanted.product), tuned()]
        if folder is not None:
            kinds.append(product(folder, name=_BEFORE))
        rests = _rests(wanted, kinds)
    ours, beside, once = rests["ours"], rests["tuned"], rests.get(_BEFORE, _AS_ONCE_MEASURED)
    yield _row("commands to Redis", "a minute", ours.commands, once.commands, beside.commands, aim=0.1)
    yield _row("worker's CPU", "ms a second", ours.cpu, once.cpu, beside.cpu, aim=0.25)
    yield _row("connections to Redis", "", [ours.connections], [once.connections], [beside.connections], aim=1.0)
    yield _row("connections to Redis before, most at once", "", [ours.most], [once.most], [beside.most], aim=1.0)


def _rests(wanted: Wanted, kinds: Sequence[Kind]) -> Mapping[str, Rest]:
    window, calm = wanted.at_most(60, 25), _CALM_SECONDS
    with ExitStack() as stack:
        contenders = [stack.enter_context(Contender(kind)) for kind in kinds]
        most = [run(contender, _TICKETS).most_to_redis for contender in contenders]
        time.sleep(calm)
        marks = [[_mark(contender) for contender in contenders]]
        for _ in range(wanted.runs):
            time.sleep(window)
            marks.append([_mark(contender) for contender in contenders])
        held = [contender.redis.info("clients")["connected_clients"] - 1 for contender in contenders]
    rests = {}
    for number, kind in enumerate(kinds):
        own = [mark[number] for mark in marks]
        pairs = list(itertools.pairwise(own))
        rests[kind.name] = Rest(
            commands=[(after[0] - earlier[0] - 1) * 60 / window for earlier, after in pairs],  # 1: this look
            cpu=[(after[1] - earlier[1]) * 1000 / window for earlier, after in pairs],
            connections=held[number],
            most=most[number],
        )
    return rests


def _mark(contender: Contender) -> tuple[int, float]:
    """How many commands Valkey has carried out, those in scripts too, and what the worker has used so far."""
    commands: int = contender.redis.info("stats")["total_commands_processed"]
    return commands, sum(tree.cpu_seconds() for tree in contender.workers)


def _row(  # noqa: PLR0913 -- three contenders' figures of one thing
    what: str, unit: str, ours: Sequence[float], once: Sequence[float], beside: Sequence[float], *, aim: float
) -> Row:
    remark = f"tuned: {sum(beside) / len(beside):.3g}"
    return Row(measure=f"at rest, {what}", unit=unit, ours=ours, reference=_BEFORE, theirs=once, aim=aim, remark=remark)
