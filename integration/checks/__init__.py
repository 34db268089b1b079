"""What `check` looks at: one small function a check, each with a frozen result; here, what they share.

Checks that need one another stand in one group, in order; groups run side by side, all within a bound of time. A group
is a function that yields its results: what it has found when time is up counts.
"""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from integration import logs

SECONDS: Final = 50.0  # that all checks have together

log = logs.get(__name__)


class Outcome(enum.StrEnum):
    """What came of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"
    SKIPPED = "skipped"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check found, and what to do when that is not all good."""

    name: str
    outcome: Outcome
    found: str
    fix: str | None = None


def ok(name: str, found: str) -> Result:
    """All good."""
    return Result(name=name, outcome=Outcome.OK, found=found)


def warning(name: str, found: str, fix: str) -> Result:
    """It works; an admin should know, and decide."""
    return Result(name=name, outcome=Outcome.WARNING, found=found, fix=fix)


def failure(name: str, found: str, fix: str) -> Result:
    """Tickets go without their notes, or will."""
    return Result(name=name, outcome=Outcome.FAILURE, found=found, fix=fix)


def skipped(name: str, found: str, fix: str | None = None) -> Result:
    """It could not be told; `found` says why."""
    return Result(name=name, outcome=Outcome.SKIPPED, found=found, fix=fix)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Checks that follow from one another; `name` is what a person calls the service that they ask."""

    name: str
    checks: Callable[[], Iterator[Result]]


def run(groups: Sequence[Group], *, seconds: float = SECONDS) -> list[Result]:
    """The results of all groups, in their order, after `seconds` at the latest."""
    deadline = time.monotonic() + seconds
    running = [_Running(group) for group in groups]
    return [result for each in running for result in each.results(deadline, seconds=seconds)]


class _Running:
    """A group at work. Its thread is abandoned when it takes too long, and ends with the process."""

    def __init__(self, group: Group) -> None:
        self._group = group
        self._found: list[Result] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def results(self, deadline: float, *, seconds: float) -> list[Result]:
        self._thread.join(max(deadline - time.monotonic(), 0.0))
        found = list(self._found)
        if self._thread.is_alive():
            late = f"was not done after {seconds:.0f} s: an answer is very slow, or there is a lot to read"
            found.append(
                failure(self._group.name, late, "Run the command again; see that nothing holds up the network.")
            )
        return found

    def _run(self) -> None:
        try:
            for result in self._group.checks():
                self._found.append(result)
        except Exception as error:  # a defect of one check is told as one, and hides no other
            log.exception("check broken", group=self._group.name)
            broken = f"this check is broken ({type(error).__name__})"
            self._found.append(failure(self._group.name, broken, "Please report it, with the line in the log."))
