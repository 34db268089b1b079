"""What stands in the way: the least that libraries take for what cannot be done without them. Nothing of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.contenders import HERE, Contender, bare, least
from benchmarks.measures import web_load
from benchmarks.processes import used_by
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_UNIT = "us of CPU"
_ROUND_TRIP = "a round trip of redis-py"
_REFERENCE = 'python -c "import flask, rq"'
_IMPORTS = {
    "web: gevent, gunicorn, flask, rq": (
        "from gevent import monkey; monkey.patch_all(); import gunicorn.app.base, gunicorn.workers.ggevent, flask, rq"
    ),
    "worker: rq, requests, zenpy": "import rq, requests, zenpy",
}


def measure(wanted: Wanted) -> Iterator[Row]:
    """Each against one round trip to Redis; imports against those of the aim."""
    floors: dict[str, list[float]] = {}
    imports: dict[str, list[float]] = {name: [] for name in (_REFERENCE, *_IMPORTS)}
    with Contender(bare(), works=False) as contender:
        contender.set_world(callback=None)
        for _ in range(wanted.runs):
            command = [sys.executable, "-m", "benchmarks.references.floors"]
            done = subprocess.run(
                command, cwd=HERE, env=contender.environ, stdout=subprocess.PIPE, text=True, check=True
            )
            for name, took in json.loads(done.stdout).items():
                floors.setdefault(name, []).append(took)
            for name, code in {_REFERENCE: "import flask, rq", **_IMPORTS}.items():
                used = used_by([sys.executable, "-c", code], folder=HERE, environ=contender.environ)
                imports[name].append(used * 1000)
    trip, reference = floors.pop(_ROUND_TRIP), imports.pop(_REFERENCE)
    for name, took in floors.items():
        yield Row(measure=f"floor, {name}", unit=_UNIT, ours=took, reference=_ROUND_TRIP, theirs=trip)
    yield _trigger(wanted)
    for name, took in imports.items():
        yield Row(
            measure=f"floor, imports of {name}", unit="ms of CPU", ours=took, reference=_REFERENCE, theirs=reference
        )


def _trigger(wanted: Wanted) -> Row:
    cpu: dict[str, list[float]] = {"least": [], "bare view": []}
    with Contender(least(), works=False) as ours, Contender(bare(), works=False) as other:
        for contender in (ours, other):
            web_load.deliver(contender, web_load.WARM_UP)
        for _ in range(wanted.runs):
            for contender in (ours, other):
                cpu[contender.kind.name].append(web_load.cpu_of_triggers(contender, wanted.tickets * 10)[0])
    return Row(
        measure="floor, a trigger: Flask, its signature, one round trip to Redis",
        unit=_UNIT,
        ours=cpu["least"],
        reference="bare view",
        theirs=cpu["bare view"],
    )
