"""What a check finds: one frozen result each, and groups of checks."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass


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
    """All is well."""
    return Result(name=name, outcome=Outcome.OK, found=found)


def warning(name: str, found: str, fix: str) -> Result:
    """It works, but there is something that an admin should know."""
    return Result(name=name, outcome=Outcome.WARNING, found=found, fix=fix)


def failure(name: str, found: str, fix: str) -> Result:
    """Cases get no notes, or soon will not."""
    return Result(name=name, outcome=Outcome.FAILURE, found=found, fix=fix)


def skipped(name: str, found: str, fix: str | None = None) -> Result:
    """It could not be checked; `found` says why."""
    return Result(name=name, outcome=Outcome.SKIPPED, found=found, fix=fix)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Checks that depend on one another, in order; `name` is what an admin calls the service that they ask."""

    name: str
    checks: Callable[[], Iterator[Result]]
