"""The services that are installed: a new folder adds its line to FOLDERS, and nothing else outside it changes.

Each of these folders has a module `service` with its `SERVICE`, or its `SERVICES`, which say what it offers. What an
admin has not set up is not offered: no endpoint, no lane, no metric tells of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeVar

from redis import Redis

from integration.cases import connections
from integration.cases.beside import Beside
from integration.cases.ledger import Ledger
from integration.cases.recovery import Recovery
from integration.cases.steps import Routes
from integration.facts import CaseKey, Details, NewCase, Rating, desk_of
from integration.ports import Callback, Cases, Door, Place, Project, SecondPlace, Service, Summariser, Wait
from integration.settings import Settings

if TYPE_CHECKING:
    from flask import Blueprint

    from integration.note import Links

T = TypeVar("T")

FOLDERS: Final = (
    "zendesk",
    "logrocket",
    "slack",
    "surveys",
    "intercom",
    "ask",
)
DEFAULT_DOOR: Final = "zendesk"  # the folder whose door there is when an admin has set up no other one


def _of_folder(name: str) -> tuple[Service, ...]:
    module = import_module(f"integration.{name}.service")
    return module.SERVICES if hasattr(module, "SERVICES") else (module.SERVICE,)


_BY_FOLDER: Final[Mapping[str, tuple[Service, ...]]] = {name: _of_folder(name) for name in FOLDERS}
SERVICES: Final[tuple[Service, ...]] = tuple(service for offered in _BY_FOLDER.values() for service in offered)


def needed(set_up: Collection[str]) -> Iterator[str]:
    """The folders that have to be set up because of those that are: where notes go, and a door at all."""
    services = [service for name in set_up for service in _BY_FOLDER[name]]
    if not any(service.tells for service in services):
        yield DEFAULT_DOOR
    targets = {service.posts_to for service in services}
    yield from (name for name, offered in _BY_FOLDER.items() if targets & {service.name for service in offered})


def completed(set_up: Collection[str]) -> Iterator[str]:
    """The folders that are set up by nothing of their own: all that one of their services comes with is there."""
    names = {service.name for folder in set_up for service in _BY_FOLDER[folder]}
    for folder, offered in _BY_FOLDER.items():
        if folder not in set_up and any(service.comes_with and names >= {*service.comes_with} for service in offered):
            yield folder


def _offered(settings: Settings | None) -> tuple[Service, ...]:
    """The services that are set up; without settings, those of an installation that has set up no other door."""
    if settings is None:
        own = _BY_FOLDER[DEFAULT_DOOR]
        return tuple(service for service in SERVICES if service.is_set_up is None or service in own)
    return tuple(service for service in SERVICES if service.is_set_up is None or service.is_set_up(settings))


def _desks(services: Collection[Service]) -> dict[str, Service]:
    """The service in whose place the notes of each desk are written."""
    by_name = {service.name: service for service in services}
    targets = {service.desk: by_name.get(service.posts_to or service.name) for service in services if service.desk}
    return {desk: target for desk, target in targets.items() if target is not None and target.takes_notes}


def _copies(services: Collection[Service]) -> dict[str, Service]:
    """The service in whose place some of a desk's notes are written, too."""
    by_name = {service.name: service for service in services if service.place is not None}
    targets = {service.desk: by_name.get(service.copies_to or "") for service in services if service.desk}
    return {desk: target for desk, target in targets.items() if target is not None}


def routes(settings: Settings | None = None) -> Routes:
    """Which services the engine's steps call, and which tell it of cases; without settings, by their defaults."""
    summarises, offered, projects = _summarises(), _offered(settings), _projects(settings)
    desks, copies = _desks(offered), _copies(offered)
    return Routes(
        summariser=summarises.name,
        places={desk: service.name for desk, service in desks.items()},
        intervals={service.name: service.interval for service in (*desks.values(), *copies.values())},
        credentials={**{service.name: service.credentials for service in offered}, **projects},
        kinds={service.desk: service.kind for service in offered if service.desk},
        copies={desk: service.name for desk, service in copies.items()},
        doors=tuple(service for service in offered if service.door is not None),
        recovered={
            service.desk: service.name for service in offered if service.desk is not None and service.missed is not None
        },
        ceiling=summarises.ceiling or "",
        projects=tuple(projects),
        requests=frozenset(service.desk for service in offered if service.desk and service.api is not None),
        unread=frozenset(service.desk for service in offered if service.desk and service.posts_to),
        reads=True,  # a delivery does not tell whether the requester is one of our own people, or suspended
    )


def open_ledger(settings: Settings, redis: Redis, *, jitter: Callable[[], float] = random.random) -> Ledger:
    """The ledger behind a connection, for these services; `jitter`, from 0 to 1, spreads what is tried again."""
    return connections.open_ledger(settings, redis, routes=routes(settings), random=jitter)


def places(settings: Settings, redis: Redis) -> dict[str, Place]:
    """Where notes are written, by desk."""
    return {desk: _place(service, settings, redis) for desk, service in _desks(_offered(settings)).items()}


def _place(service: Service, settings: Settings, redis: Redis) -> Place:
    if service.keeper is None:
        return _needed(service.place)(settings)
    return service.keeper(settings, redis, _second_place(service, settings, redis))


def _second_place(service: Service, settings: Settings, redis: Redis) -> SecondPlace | None:
    """Where notes of a service go, too; None when that is not set up."""
    second = _copies(_offered(settings)).get(service.desk or "")
    if second is None:
        return None
    return Beside(second.name, _needed(second.place)(settings), open_ledger(settings, redis).lanes)


def apis(settings: Settings, redis: Redis, cases: Cases) -> list[Blueprint]:
    """Where cases are asked for over HTTP."""
    copies = routes(settings).copies
    return [
        service.api(settings, redis, cases, copies.get(service.desk or ""))
        for service in _offered(settings)
        if service.api is not None
    ]


def doors(settings: Settings) -> dict[str, Door]:
    """Where services tell of new cases, by the names of the endpoints."""
    return {service.endpoint: service.door(settings) for service in _offered(settings) if service.door is not None}


def ratings(settings: Settings) -> Callable[[Rating], NewCase] | None:
    """What makes a case of how somebody rated one; None when nobody is to be told of ratings."""
    return next((service.rated(settings) for service in _offered(settings) if service.rated is not None), None)


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
    url_of = next((service.case_url for service in _offered(settings) if service.desk == desk_of(key)), None)
    return None if url_of is None else url_of(settings, key)


def recoveries(settings: Settings, ledger: Ledger, redis: Redis, *, wait: Wait) -> dict[str, Recovery]:
    """What finds the cases of which services could not tell us, by desk; `wait` is called between requests."""
    keys, days = settings.keys, settings.retention_days
    return {
        service.desk: Recovery(
            service.missed(settings, wait), ledger, redis, keys=keys, desk=service.desk, retention_days=days
        )
        for service in _offered(settings)
        if service.desk is not None and service.missed is not None
    }


def _summarises() -> Service:
    """The one service that tells what people did."""
    [service] = [service for service in SERVICES if service.summariser is not None]
    return service


def _needed(part: T | None) -> T:
    """A part that a folder has to offer."""
    if part is None:
        raise TypeError("the folder of the summariser has to offer a callback and links, too, and a place its desk")
    return part
