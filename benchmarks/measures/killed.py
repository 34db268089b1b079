"""How long a case stands still whose worker is killed (SIGKILL) in the middle of its note, and started again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.contenders import Contender, product, tutorial
from benchmarks.measures.whole_way import WARM_UP, run
from benchmarks.processes import wait_until
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_NEVER = 3600.0
_PATIENCE = 120.0
_DEFAULTS = 812.0
"""Seconds until `rq worker` of rq 3.0.0 ran a job again whose worker was killed, measured once with `Retry(max=3)`.

Why: an execution's time to live is 90 s, but what expired is looked for in maintenance alone, every 600 s, and between
two waits for a job, which take 405 s.
"""


def measure(wanted: Wanted) -> Iterator[Row]:
    """Ours, which need not wait for the first attempt (`SETTLE_SECONDS=0`), and `rq worker`, watched meanwhile."""
    ours: list[float] = []
    with ExitStack() as stack:
        contender = stack.enter_context(Contender(product(wanted.product, SETTLE_SECONDS="0")))
        other = stack.enter_context(Contender(tutorial()))
        for each in (contender, other):
            run(each, WARM_UP)
        killed_at, asked_at = _kill_in_its_note(other)
        for _ in range(wanted.at_most(wanted.runs, 1)):
            killed, asked = _kill_in_its_note(contender)
            wait_until(lambda: _last_asked(contender) > asked, seconds=_PATIENCE, what="the case moves again")  # noqa: B023 -- called at once
            ours.append(_last_asked(contender) - killed)
            wanted.say(f"moved again after {ours[-1]:.1f} s")
        while time.monotonic() < killed_at + wanted.at_most(60, 20):
            time.sleep(0.5)
        moved, watched = _last_asked(other) > asked_at, time.monotonic() - killed_at
    yield Row(
        measure="from SIGKILL of a worker until its case moves again",
        unit="s",
        ours=ours,
        reference="rq worker, defaults",
        theirs=[_DEFAULTS],
        aim=0.05,
        remark=f"reference {'moved' if moved else 'had not moved'} within {watched:.0f} s here",
    )


def _kill_in_its_note(contender: Contender) -> tuple[float, float]:
    """When the worker was killed, and when its request had arrived of which it got no answer."""
    contender.set_world(zendesk=_NEVER)
    contender.deliver(1)
    wait_until(lambda: contender.progress()["last_asked"] > 0, seconds=30, what="Zendesk is asked")
    asked, killed = _last_asked(contender), time.monotonic()
    for tree in contender.workers:
        tree.kill()
    contender.set_world()
    contender.start_workers()
    return killed, asked


def _last_asked(contender: Contender) -> float:
    moment: float = contender.progress()["last_asked"]
    return moment
