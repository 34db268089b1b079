"""The memory of web and worker (PSS of all their processes) right after their start, and after many tickets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.contenders import Contender, Kind, product, tuned
from benchmarks.measures.whole_way import WARM_UP, run
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_HALF_OF_A_DYNO = 256.0  # MiB
_START_SECONDS = 8.0  # in which the workers start on a busy machine, too


@dataclass(frozen=True, kw_only=True)
class Held:
    """What one contender held, in MiB."""

    web: float
    worker: float


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours against itself and against tuned, one after the other: what runs beside would share pages with them."""
    tickets = wanted.at_most(10_000, 300)
    (first, warm, ours), (_, _, theirs) = (_held(kind, tickets) for kind in (product(wanted.product), tuned()))
    for role in ("web", "worker"):
        before, at_work, after, other = (getattr(held, role) for held in (first, warm, ours, theirs))
        what = f"memory of {role} after {tickets:,} tickets"
        yield _row(what, after, "right after its start", before, aim=1.1)
        yield _row(what, after, f"after the first {WARM_UP}", at_work, aim=None)
        yield _row(what, after, "tuned, likewise", other, aim=1.0)
    together = ours.web + ours.worker
    yield _row("memory of web and worker together", together, "half of 512 MB", _HALF_OF_A_DYNO, aim=1.0)


def _held(kind: Kind, tickets: int) -> tuple[Held, Held, Held]:
    """What it held when it had started, after its first tickets, and after so many more."""
    with Contender(kind) as contender:
        time.sleep(_START_SECONDS)
        first = _now(contender)
        run(contender, WARM_UP)
        warm = _now(contender)
        run(contender, tickets)
        return first, warm, _now(contender)


def _now(contender: Contender) -> Held:
    return Held(web=contender.web.memory_mib(), worker=sum(tree.memory_mib() for tree in contender.workers))


def _row(what: str, ours: float, reference: str, theirs: float, *, aim: float | None) -> Row:
    return Row(measure=what, unit="MiB", ours=[ours], reference=reference, theirs=[theirs], aim=aim, remark="one run")
