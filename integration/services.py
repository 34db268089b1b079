"""The services that are installed: a new folder adds its line to FOLDERS, and nothing else outside it changes.

Each of these folders has a module `service` with its `SERVICE`, which says what it offers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

from redis import Redis

from integration.cases import connections
from integration.cases.ledger import Ledger
from integration.cases.recovery import Recovery
from integration.cases.steps import Routes
from integration.facts import CaseKey, Details, desk_of
from integration.ports import Callback, Door, Place, Project, Service, Summariser, Wait
from integration.settings import Settings

if TYPE_CHECKING:
    from integration.note import Links

T = TypeVar("T")

FOLDERS: Final = (
    "zendesk",
    "logrocket",
)
SERVICES: Final[tuple[Service, ...]] = tuple(import_module(f"integration.{name}.service").SERVICE for name in FOLDERS)


def routes(settings: Settings | None = None) -> Routes:
    """Which services the engine's steps call, and which tell it of cases; without settings, by their defaults."""
    summarises = _summarises()
    places = [service for service in SERVICES if service.place is not None]
    projects = _projects(settings)
    return Routes(
        summariser=summarises.name,
        places={service.desk: service.name for service in places if service.desk is not None},
        intervals={service.name: service.interval for service in places},
        credentials={**{service.name: service.credentials for service in SERVICES}, **projects},
        doors=tuple(service for service in SERVICES if service.door is not None),
        recovered={
            service.desk: service.name
            for service in SERVICES
            if service.desk is not None and service.missed is not None
        },
        ceiling=summarises.ceiling or "",
        projects=tuple(projects),
        reads=True,  # a delivery does not tell whether the requester is one of our own people, or suspended
    )


def open_ledger(settings: Settings, redis: Redis, *, jitter: Callable[[], float] = random.random) -> Ledger:
    """The ledger behind a connection, for these services; `jitter`, from 0 to 1, spreads what is tried again."""
    return connections.open_ledger(settings, redis, routes=routes(settings), random=jitter)


def places(settings: Settings) -> dict[str, Place]:
    """Where notes are written, by desk."""
    return {
        service.desk: service.place(settings)
        for service in SERVICES
        if service.desk is not None and service.place is not None
    }


def doors(settings: Settings) -> dict[str, Door]:
    """Where services tell of new cases, by the names of the endpoints."""
    return {service.endpoint: service.door(settings) for service in SERVICES if service.door is not None}


def summariser(settings: Settings) -> Summariser:
    """Who tells what people did."""
    return _needed(_summarises().summariser)(settings)


def _projects(settings: Settings | None) -> Mapping[str, str]:
    """The summariser's lanes beside its first, each with the variable of its credentials."""
    listed = _summarises().projects
    return {} if listed is None or settings is None else listed(settings)


def projects(settings: Settings) -> dict[str, Project]:
    """Who tells what people did, beside the first: by lane."""
    return {lane: _needed(_summarises().project)(settings, lane) for lane in _projects(settings)}


def choose_project(settings: Settings, details: Details) -> str:
    """The lane of the project that is asked about a case."""
    choose = _summarises().choose
    return _summarises().name if choose is None else choose(settings, details)


def callback(settings: Settings) -> Callback:
    """Where the summariser sends what came of a request."""
    return _needed(_summarises().callback)(settings)


def links(settings: Settings) -> Links:
    """The addresses of the service that recorded what people did."""
    return _needed(_summarises().links)(settings)


def case_url(settings: Settings, key: CaseKey) -> str | None:
    """Where people look at a case; None when its desk does not say."""
    url_of = next((service.case_url for service in SERVICES if service.desk == desk_of(key)), None)
    return None if url_of is None else url_of(settings, key)


def recoveries(settings: Settings, ledger: Ledger, redis: Redis, *, wait: Wait) -> dict[str, Recovery]:
    """What finds the cases of which services could not tell us, by desk; `wait` is called between requests."""
    keys, days = settings.keys, settings.retention_days
    return {
        service.desk: Recovery(
            service.missed(settings, wait), ledger, redis, keys=keys, desk=service.desk, retention_days=days
        )
        for service in SERVICES
        if service.desk is not None and service.missed is not None
    }


def _summarises() -> Service:
    """The one service that tells what people did."""
    [service] = [service for service in SERVICES if service.summariser is not None]
    return service


def _needed(part: T | None) -> T:
    """A part that the folder of the summariser has to offer."""
    if part is None:
        raise TypeError("the folder of the summariser has to offer a callback and links, too")
    return part
