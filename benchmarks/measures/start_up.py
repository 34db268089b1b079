"""What a start costs: of the web process until it answers, of the worker until it does its first job, of a command."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from benchmarks.contenders import Contender, product
from benchmarks.processes import used_by, wait_until
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_REFERENCE = 'python -c "import flask, rq"'


def measure(wanted: Wanted) -> Iterator[Row]:
    """Processor time of all their processes, in turn with the reference."""
    figures: dict[str, list[float]] = {"web": [], "worker": [], "check --offline": []}
    theirs: list[float] = []
    for _ in range(wanted.runs):
        with Contender(product(wanted.product), works=False) as contender:
            figures["web"].append(contender.web.cpu_seconds() * 1000)
            contender.deliver(1)
            contender.start_workers()
            wait_until(lambda: contender.progress()["requested"], seconds=60, what="LogRocket is asked")
            figures["worker"].append(sum(tree.cpu_seconds() for tree in contender.workers) * 1000)
            figures["check --offline"].append(_used(contender, "-m", "integration", "check", "--offline"))
            theirs.append(_used(contender, "-c", "import flask, rq"))
            wanted.say(", ".join(f"{name} {runs[-1]:.0f} ms" for name, runs in [*figures.items(), ("imports", theirs)]))
    for name, ours in figures.items():
        yield Row(measure=f"start of {name}", unit="ms of CPU", ours=ours, reference=_REFERENCE, theirs=theirs, aim=2.0)


def _used(contender: Contender, *arguments: str) -> float:
    command = [sys.executable, *arguments]
    return used_by(command, folder=contender.kind.folder, environ=contender.environ) * 1000
