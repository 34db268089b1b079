"""The web process alone: processor time for an accepted trigger, how many a second, and how long the slowest take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from benchmarks.contenders import Contender, bare, product
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

WARM_UP = 200
_SHARE = 0.8  # of what the slower one of a run can take


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours against the bare view, in turn; at a pace that both can bear."""
    count = wanted.tickets * 10
    names = ("ours", "bare view")
    cpu: dict[str, list[float]] = {name: [] for name in names}
    rates: dict[str, list[float]] = {name: [] for name in names}
    slowest: dict[str, list[float]] = {name: [] for name in names}
    refused = dict.fromkeys(names, 0)
    with Contender(product(wanted.product), works=False) as ours, Contender(bare(), works=False) as other:
        for contender in (ours, other):
            deliver(contender, WARM_UP)
        for _ in range(wanted.runs):
            for contender in (ours, other):
                used, rate = cpu_of_triggers(contender, count)
                cpu[contender.kind.name].append(used)
                rates[contender.kind.name].append(rate)
            pace = _SHARE * min(rates[name][-1] for name in names)
            for contender in (ours, other):
                report = deliver(contender, count, a_second=pace)
                slowest[contender.kind.name].append(report["p99"] * 1000)
                refused[contender.kind.name] += report["refused"]
            wanted.say(", ".join(f"{name} {cpu[name][-1]:.0f} us, {rates[name][-1]:.0f} a second" for name in names))
    for what, unit, figures, aim, at_least in (
        ("web, an accepted trigger", "us of CPU", cpu, 0.9, False),
        ("web", "triggers a second", rates, 1.1, True),
        ("web at 80 % load, p99", "ms", slowest, 1.5, False),
    ):
        yield Row(
            measure=what,
            unit=unit,
            ours=figures["ours"],
            reference="bare view",
            theirs=figures["bare view"],
            aim=aim,
            at_least=at_least,
            remark=f"refused: {refused['ours']}, {refused['bare view']}" if what.endswith("p99") else "",
        )


def cpu_of_triggers(contender: Contender, count: int) -> tuple[float, float]:
    """The microseconds of CPU that the web process takes for a trigger, and how many it takes a second."""
    before = contender.web.cpu_seconds()
    report = deliver(contender, count)
    accepted = count - report["refused"]
    used = (contender.web.cpu_seconds() - before) * 1e6 / accepted
    return used, accepted / (report["ended"] - report["began"])


def deliver(contender: Contender, count: int, *, a_second: float | None = None) -> dict[str, Any]:
    """Deliver triggers, and what came of them."""
    contender.deliver(count, a_second=a_second)
    while not contender.progress()["delivered"]:
        time.sleep(0.1)
    return contender.told_of_all()
