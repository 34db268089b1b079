"""What the worker costs when there is nothing to do: commands to Redis, processor time, connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.contenders import Contender, product, tuned
from benchmarks.measures.whole_way import WARM_UP, run
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_COMMANDS, _CPU, _CONNECTIONS = 613.0, 2.7, 21.0
"""A minute, milliseconds a second, and connections: measured of commit a6b923f, before anything was done about it."""
_BEFORE = "commit a6b923f"


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours, tuned beside it, in windows of the same seconds."""
    window, calm = wanted.at_most(30, 15), wanted.at_most(35, 5)
    commands: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    with ExitStack() as stack:
        contenders = [stack.enter_context(Contender(kind)) for kind in (product(wanted.product), tuned())]
        for contender in contenders:
            run(contender, WARM_UP)
        time.sleep(calm)
        for _ in range(wanted.runs):
            before = [(commands_so_far(contender), _worker_cpu(contender)) for contender in contenders]
            time.sleep(window)
            for contender, (asked, used) in zip(contenders, before, strict=True):
                name = contender.kind.name
                commands.setdefault(name, []).append((commands_so_far(contender) - asked) * 60 / window)
                cpu.setdefault(name, []).append((_worker_cpu(contender) - used) * 1000 / window)
        held = [contender.redis.info("clients")["connected_clients"] - 1 for contender in contenders]
    beside = f"tuned: {sum(commands['tuned']) / wanted.runs:.0f}"
    yield Row(
        measure="at rest, commands to Redis",
        unit="a minute",
        ours=commands["ours"],
        reference=_BEFORE,
        theirs=[_COMMANDS],
        aim=0.1,
        remark=beside,
    )
    beside = f"tuned: {sum(cpu['tuned']) / wanted.runs:.2f}"
    yield Row(
        measure="at rest, worker's CPU",
        unit="ms a second",
        ours=cpu["ours"],
        reference=_BEFORE,
        theirs=[_CPU],
        aim=0.25,
        remark=beside,
    )
    yield Row(
        measure="at rest, connections to Redis",
        unit="",
        ours=[held[0]],
        reference=_BEFORE,
        theirs=[_CONNECTIONS],
        aim=1.0,
        remark=f"tuned: {held[1]}",
    )


def commands_so_far(contender: Contender) -> int:
    """Commands that Valkey has carried out, those in scripts too; not what is asked for here."""
    stats = contender.redis.info("commandstats")
    return sum(told["calls"] for name, told in stats.items() if name != "cmdstat_info")


def _worker_cpu(contender: Contender) -> float:
    return sum(tree.cpu_seconds() for tree in contender.workers)
