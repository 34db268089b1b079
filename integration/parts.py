"""What each service's folder declares of the settings: its part of them, in the form that `settings` collects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable


class Part(Protocol):
    """What a service's folder declares: its module `settings` has the `NAMES` of its variables, and reads them.

    `read` returns None when an admin has set none of them: then the service is not set up. `read_needed` reads them
    where the service is needed all the same, and `read_completed` where it comes with others that are set up; what can
    be needed so, or comes so, has one. Who makes no highlights, and whose cases are nobody's in particular, takes that
    from here.
    """

    @property
    def account(self) -> str:
        """Whose cases, in words that are no secret: `Zendesk acme`; empty when its cases are nobody's in particular."""
        return ""

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""

    @property
    def requests_per_hour(self) -> int | None:
        """How many requests for highlights it takes in an hour; None when it makes no highlights."""
        return None

    def facts(self) -> dict[str, object]:
        """What a process says of it at its start, in the log: nothing secret."""


class ProjectRule(Protocol):
    """Which project of the summariser's is chosen for the cases of a brand, or of a form; its text is the admin's."""

    @property
    def kind(self) -> str:
        """What it names: `brand`, `form`."""

    def names(self, label: tuple[str, str | None] | None) -> bool:
        """Whether it names this one, of which there are an id and a name."""


@runtime_checkable
class ChoosesProject(Protocol):
    """A part by which a project of the summariser's is chosen for a case."""

    @property
    def project_rules(self) -> Sequence[ProjectRule]:
        """By which it is."""

    @property
    def named_kinds(self) -> frozenset[str]:
        """What a desk has to tell by name for that: `brand`, `form`."""
