"""What a backlog of 50,000 cases costs that is read all the time: a sweep, `status`, the page, `/metrics`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

import requests

from benchmarks.contenders import HERE, Contender, product
from benchmarks.processes import used_by, wait_until
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_PAGES = 10  # a run
_DUE_SECONDS = 32.0  # after which the sweeper looks again at a case whose job nobody took


def measure(wanted: Wanted) -> Iterator[Row]:
    """The same with many cases and with few, whose jobs nobody takes; processor time of Valkey included."""
    many, few = wanted.at_most(50_000, 5000), 500
    with (
        Contender(product(wanted.product), works=False) as large,
        Contender(product(wanted.product), works=False) as small,
    ):
        for contender, count in ((large, many), (small, few)):
            contender.deliver(count)
            wait_until(lambda: contender.progress()["delivered"], seconds=600, what="all delivered")  # noqa: B023 -- called at once
        costs: dict[str, Callable[[Contender], float]] = {
            "a sweep with 500 that are due": _sweep,
            "status --json": _status,
            "the status page": partial(_page, path="/"),
            "/metrics": partial(_page, path="/metrics"),
        }
        ours: dict[str, list[float]] = {name: [] for name in costs}
        theirs: dict[str, list[float]] = {name: [] for name in costs}
        for _ in range(wanted.runs):
            time.sleep(_DUE_SECONDS)
            for name, cost in costs.items():
                ours[name].append(cost(large) * 1000)
                theirs[name].append(cost(small) * 1000)
            wanted.say(", ".join(f"{name} {ours[name][-1]:.0f} ms (500: {theirs[name][-1]:.0f})" for name in costs))
    for name in costs:
        yield Row(
            measure=f"backlog of {many:,}: {name}",
            unit="ms of CPU",
            ours=ours[name],
            reference="the same with 500",
            theirs=theirs[name],
            aim=1.5,
        )


def _valkey(contender: Contender) -> float:
    return contender.cpu()["valkey"]


def _sweep(contender: Contender) -> float:
    before = _valkey(contender)
    done = subprocess.run(
        [sys.executable, str(HERE / "benchmarks" / "inside_sweep.py")],
        cwd=contender.kind.folder,
        env=contender.environ,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return float(done.stdout.splitlines()[-1]) + _valkey(contender) - before


def _status(contender: Contender) -> float:
    before = _valkey(contender)
    command = [sys.executable, "-m", "integration", "status", "--json"]
    used = used_by(command, folder=contender.kind.folder, environ=contender.environ)
    return used + _valkey(contender) - before


def _page(contender: Contender, *, path: str) -> float:
    before = contender.cpu()
    with requests.Session() as session:
        session.trust_env, session.auth = False, ("admin", contender.environ["ADMIN_PASSWORD"])
        for _ in range(_PAGES):
            session.get(f"{contender.url}{path}", timeout=60).raise_for_status()
    after = contender.cpu()
    return sum(after[role] - before[role] for role in ("web", "valkey")) / _PAGES
