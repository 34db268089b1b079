"""How long `make test` takes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator

from benchmarks.rows import Row
from benchmarks.wanted import Wanted

_AIM_SECONDS = 180.0


def measure(wanted: Wanted) -> Iterator[Row]:
    """Once, with nothing beside it."""
    began = time.monotonic()
    subprocess.run(["make", "test"], cwd=wanted.product, stdout=subprocess.DEVNULL, check=True)  # noqa: S607 -- whichever make there is
    took = time.monotonic() - began
    yield Row(
        measure="make test",
        unit="s",
        ours=[took],
        reference="3 minutes",
        theirs=[_AIM_SECONDS],
        aim=1.0,
        remark="one run",
    )
