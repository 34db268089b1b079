"""The services that are installed: a new folder adds its line here, and nothing else outside it changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from redis import Redis

from integration.cases import connections
from integration.cases.ledger import Ledger
from integration.cases.recovery import Recovery
from integration.cases.steps import Routes
from integration.logrocket.service import SERVICE as LOGROCKET
from integration.ports import Place, Service, Summariser, Wait
from integration.settings import Settings
from integration.zendesk.service import SERVICE as ZENDESK

SERVICES: Final[tuple[Service, ...]] = (
    ZENDESK,
    LOGROCKET,
)


def routes() -> Routes:
    """Which services the engine's steps call."""
    [summariser] = [service.name for service in SERVICES if service.summariser is not None]
    places = [service for service in SERVICES if service.place is not None]
    return Routes(
        summariser=summariser,
        places={service.desk: service.name for service in places if service.desk is not None},
        intervals={service.name: service.interval for service in places if service.interval is not None},
        credentials={service.name: service.credentials for service in SERVICES},
    )


def open_ledger(settings: Settings, redis: Redis, *, jitter: Callable[[], float] = random.random) -> Ledger:
    """The ledger behind a connection, for these services; `jitter`, from 0 to 1, spreads what is tried again."""
    return connections.open_ledger(settings, redis, routes=routes(), random=jitter)


def places(settings: Settings) -> dict[str, Place]:
    """Where notes are written, by desk."""
    return {
        service.desk: service.place(settings)
        for service in SERVICES
        if service.desk is not None and service.place is not None
    }


def summariser(settings: Settings) -> Summariser:
    """Who tells what people did."""
    [found] = [service.summariser for service in SERVICES if service.summariser is not None]
    return found(settings)


def recovery(settings: Settings, ledger: Ledger, redis: Redis, *, wait: Wait) -> Recovery:
    """What finds the cases of which a service could not tell us; `wait` is called between requests."""
    [missed] = [service.missed for service in SERVICES if service.missed is not None]
    return Recovery(missed(settings, wait), ledger, redis, keys=settings.keys, retention_days=settings.retention_days)
