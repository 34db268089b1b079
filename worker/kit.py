"""What the steps of one worker process need: the ledger, the services, and what the admin wishes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from integration import logs
from integration.cases.entry import LEASE_SECONDS, Entry, Policy
from integration.cases.ledger import Ledger
from integration.cases.steps import Routes
from integration.errors import RemoteError, Temporary
from integration.facts import NO_QUESTION, CaseKey, CaseSettings, Details, NoteStyle, Pace, as_logged, desk_of
from integration.note import Links
from integration.ports import Callback, Place, Project, Summariser

_TRIES: Final = 5

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Kit:
    """All of it; without `choose` there is one project, which `summariser` and `links` are of."""

    ledger: Ledger
    places: Mapping[str, Place]  # by desk
    summariser: Summariser
    callback: Callback
    links: Links
    projects: Mapping[str, Project] = field(default_factory=dict)  # beside that one, by lane
    choose: Callable[[Details], str] | None = None  # the lane of a case's project
    wishes: CaseSettings = field(default_factory=lambda: CaseSettings(question=NO_QUESTION))
    style: NoteStyle = field(default_factory=NoteStyle)

    @property
    def policy(self) -> Policy:
        """The times and the rules of the ledger."""
        return self.ledger.policy

    @property
    def routes(self) -> Routes:
        """Which services the steps call."""
        return self.ledger.lanes.routes

    def place(self, entry: Entry) -> Place:
        """Where the case's note is written."""
        return self.places[desk_of(entry.key)]

    def summariser_of(self, entry: Entry) -> Summariser:
        """Who is asked about the case."""
        project = self.projects.get(self.routes.project(entry))
        return self.summariser if project is None else project.summariser

    def links_of(self, entry: Entry) -> Links:
        """The addresses of the project that was asked about the case."""
        project = self.projects.get(self.routes.project(entry))
        return self.links if project is None else project.links

    def answered(self, service: str, pace: Pace | None = None) -> None:
        """A service did what was asked."""
        self.ledger.lanes.answered_just_now(service, pace)


def try_some_times(entry: Entry, do: Callable[[CaseKey], None], *, otherwise: str) -> None:
    """Do at the case's place what its note can do without; after some tries the step goes on, and the log tells it."""
    try:
        do(entry.target)
    except RemoteError as error:
        if isinstance(error, Temporary) and entry.claim.attempts < _TRIES:
            raise
        log.warning(otherwise, **as_logged(entry.key), why=str(error))


def claimed_at(entry: Entry) -> float:
    """When a claimed entry was claimed, by Redis' clock."""
    return entry.claim.lease_until - LEASE_SECONDS
