"""The steps of a case's way, each named once: the state that calls for it, its job, its queue, and what it calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from integration.cases.entry import Entry, State
from integration.facts import CaseKey, CaseKind, desk_of
from integration.ports import Service

REQUESTS: Final = "requests"
NOTES: Final = "notes"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a worker does for a case in `state`; the log and the metrics call it by its `name`."""

    state: State
    name: str
    queue: str

    @property
    def function(self) -> str:
        """The function that an RQ job of this step names."""
        return f"worker.jobs.{self.name}"


STEPS: Final[Mapping[State, Step]] = {
    step.state: step
    for step in (
        Step(state=State.RECEIVED, name="request_highlights", queue=REQUESTS),
        Step(state=State.REQUESTED, name="collect_highlights", queue=REQUESTS),
        Step(state=State.READY, name="post_note", queue=NOTES),
    )
}
BY_NAME: Final = {step.name: step for step in STEPS.values()}


@dataclass(frozen=True, kw_only=True)
class Routes:
    """Which services a case's steps call, by the names of their lanes."""

    summariser: str
    places: Mapping[str, str]  # by desk
    intervals: Mapping[str, float]  # of a place: seconds between two notes for as long as it has told no pace
    credentials: Mapping[str, str]  # of a service: the variables that hold them
    kinds: Mapping[str, CaseKind] = field(default_factory=dict)  # by desk: what its cases are
    copies: Mapping[str, str] = field(default_factory=dict)  # by desk: a second place, where some of its notes go, too
    doors: tuple[Service, ...] = ()  # who tells us of new cases
    recovered: Mapping[str, str] = field(default_factory=dict)  # by desk: who is asked for cases that we have missed
    ceiling: str = ""  # the variable that says how many requests for highlights there may be in an hour
    projects: tuple[str, ...] = ()  # the summariser's lanes beside its first: a case's is known when it was read
    requests: frozenset[str] = frozenset()  # desks whose cases are requests, each with a question of its own
    unread: frozenset[str] = frozenset()  # desks whose place knows nothing of a case: all that is known, its door told
    reads: bool = False  # a case is read before the summariser is asked, also when the person is known

    @property
    def endpoints(self) -> tuple[str, ...]:
        """What the web's endpoints for services are called: each door, and the summariser's callback."""
        return (*(service.endpoint for service in self.doors), self.callback)

    @property
    def desks(self) -> tuple[str, ...]:
        """The services that tell us of new cases."""
        return tuple(service.name for service in self.doors)

    @property
    def callback(self) -> str:
        """What the endpoint of the summariser's callback is called."""
        return self.summariser.lower()

    @property
    def noted(self) -> tuple[str, ...]:
        """Every service where notes are written."""
        return tuple(dict.fromkeys((*self.places.values(), *self.copies.values())))

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """Those of them that are another's: the results of requests are kept here."""
        kept = {self.places[desk] for desk in self.requests if desk in self.places}
        return tuple(place for place in self.noted if place not in kept)

    @property
    def services(self) -> tuple[str, ...]:
        """Every service that is called."""
        return (*self.noted, self.summariser, *self.projects)

    def known(self, key: CaseKey) -> bool:
        """Whether the case's desk is one of those that are set up now."""
        return desk_of(key) in self.places

    def place(self, key: CaseKey) -> str:
        """The service where the case's note is written; its desk's own name when that is not set up (any more)."""
        return self.places.get(desk_of(key), desk_of(key))

    def kind(self, key: CaseKey) -> CaseKind:
        """What a case is."""
        return self.kinds.get(desk_of(key), CaseKind.TICKET)

    @property
    def case_word(self) -> str:
        """What any case is called where all desks are meant: a ticket, where there are no other ones."""
        kinds = set(self.kinds.values()) or {CaseKind.TICKET}
        return str(kinds.pop()) if len(kinds) == 1 else "case"

    def interval(self, place: str) -> float:
        """The seconds between two notes for as long as a place has told no pace."""
        return self.intervals.get(place, 1.0)

    def needed(self, entry: Entry) -> tuple[str, ...]:
        """The services that the entry's next step calls: their lanes have to be open."""
        if entry.state is State.READY:
            return (self.place(entry.key),)
        if entry.state is State.RECEIVED and entry.request.hint is not None:
            return ()
        if entry.state is State.RECEIVED and self.is_read(entry):
            known = entry.request.project is not None or not self.projects
            return (self.place(entry.key), self.project(entry)) if known else (self.place(entry.key),)
        return (self.project(entry),)

    def may_need(self, key: CaseKey, state: State) -> tuple[str, ...]:
        """The services that a case's step in a state may call, whatever its entry says."""
        place, summarisers = self.place(key), (self.summariser, *self.projects)
        return (place,) if state is State.READY else (place, *summarisers)

    def is_read(self, entry: Entry) -> bool:
        """Whether the case's place is asked about it before the summariser is."""
        if desk_of(entry.key) in self.unread:
            return not entry.person.known  # which its place says is the end
        own_question = desk_of(entry.key) in self.requests
        return self.reads or own_question or entry.on_demand or not entry.person.known

    def project(self, entry: Entry) -> str:
        """The lane of the project that is asked about the case: the first one, when its own is set up no more."""
        return entry.request.project if entry.request.project in self.projects else self.summariser
