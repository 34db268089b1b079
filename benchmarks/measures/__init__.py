"""What is measured, a module each; each yields its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from benchmarks.measures import (
    at_rest,
    backlog,
    floors,
    killed,
    memory,
    slow_services,
    start_up,
    stored,
    suite,
    wake_up,
    web_load,
    whole_way,
)
from benchmarks.rows import Row
from benchmarks.wanted import Wanted

Measure = Callable[[Wanted], Iterator[Row]]

ALL: Mapping[str, Measure] = {
    "web": web_load.measure,
    "way": whole_way.measure,
    "slow": slow_services.measure,
    "rest": at_rest.measure,
    "idle": wake_up.measure,
    "stored": stored.measure,
    "memory": memory.measure,
    "killed": killed.measure,
    "backlog": backlog.measure,
    "start": start_up.measure,
    "floors": floors.measure,
    "tests": suite.measure,
}
"""By the name that `--only` and `--skip` take, in the order in which they are run."""
