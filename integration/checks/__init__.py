"""What `check` looks at on our own side, one small function per check; here, how all groups of checks are run.

Checks that need one another stand in one group, in order; groups run side by side, all within a bound of time. A group
is a function that yields its results: what it has found when time is up counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Final

from integration import logs
from integration.findings import Group, Result, failure

SECONDS: Final = 50.0  # that all checks have together

log = logs.get(__name__)


def run(groups: Sequence[Group], *, seconds: float = SECONDS) -> list[Result]:
    """The results of all groups, in their order, after `seconds` at the latest."""
    deadline = time.monotonic() + seconds
    running = [_Running(group) for group in groups]
    return [result for group in running for result in group.results(deadline, seconds=seconds)]


class _Running:
    """A group at work. Its thread is abandoned when it takes too long, and ends with the process."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._results: list[Result] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def results(self, deadline: float, *, seconds: float) -> list[Result]:
        self._thread.join(max(deadline - time.monotonic(), 0.0))
        results = list(self._results)
        if self._thread.is_alive():
            late = f"was not done after {seconds:.0f} s: an answer is very slow, or there is a lot to read"
            results.append(
                failure(self._group.name, late, "Run the command again; see that nothing holds up the network.")
            )
        return results

    def _run(self) -> None:
        try:
            for result in self._group.checks():
                self._results.append(result)
        except Exception as error:  # a defect of one check is told as one, and hides no other
            log.exception("check broken", group=self._group.name)
            broken = f"this check is broken ({type(error).__name__})"
            self._results.append(failure(self._group.name, broken, "Please report it, with the line in the log."))
