"""An installation without its processes: its ledger and its pages, on a Redis that others may use, too."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from flask.testing import FlaskClient
from redis import Redis

from integration import logs, services
from integration.cases import connections
from integration.cases.ledger import Ledger
from integration.cases.queues import open_queue
from integration.commands import status
from integration.facts import CaseKey, NewCase, Pace, Person, case_key
from integration.settings import Settings, from_environment
from integration.web.app import create_app

ADA: Final = Person(email="ada.lovelace@shop.example")
DESK: Final = "zendesk"
PLACE: Final = "Zendesk"
_FIRST: Final = 100_000_000  # the numbers of tickets have nine digits, as in an old account
_ENVIRONMENT: Final[Mapping[str, str]] = {
    "ZENDESK_SUBDOMAIN": "acme",
    "ZENDESK_CLIENT_ID": "highlights",
    "ZENDESK_CLIENT_SECRET": secrets.token_hex(32),
    "ZENDESK_WEBHOOK_SECRET": secrets.token_hex(16),
    "LOGROCKET_APP_ID": "acme/shop",
    "LOGROCKET_API_KEY": "acme:shop:" + secrets.token_hex(16),
    "LOGROCKET_REQUESTS_PER_HOUR": "9999999",
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "SECRET_KEY": secrets.token_hex(32),
    "ADMIN_PASSWORD": secrets.token_hex(16),
    "DELAY_SECONDS": "0",
    "POLL_AFTER_SECONDS": "86400",  # what waits is not due while all is measured
    "FAILED_RETRY_SECONDS": "0.001,0.001,0.001",
    "LOG_LEVEL": "ERROR",
}


@dataclass(frozen=True, kw_only=True)
class Installation:
    """One KEY_PREFIX of a Redis."""

    environment: Mapping[str, str]
    settings: Settings
    redis: Redis
    ledger: Ledger
    admin: FlaskClient  # who reads the pages

    def page(self, address: str) -> bytes:
        """What the web process tells its admin."""
        answer = self.admin.get(address, auth=("admin", self.environment["ADMIN_PASSWORD"]))
        if answer.status_code != HTTPStatus.OK:
            raise RuntimeError(f"{address} answers {answer.status}")
        told: bytes = answer.data
        return told

    def status(self) -> str:
        """What the command `status` prints."""
        told = io.StringIO()
        with _environment(self.environment), contextlib.redirect_stdout(told):
            status.run(argparse.Namespace(case=None, json=False))
        return told.getvalue()

    def empty_queues(self) -> None:
        """Take the jobs away, which nobody does here."""
        for name in self.settings.keys.queues:
            open_queue(name, self.redis).empty()  # type: ignore[no-untyped-call]  # RQ has no types here

    def let_notes_go(self) -> None:
        """Take away what holds notes up: a pace such as no help desk would allow."""
        self.ledger.lanes.answered(PLACE, Pace(interval=0.0, pause=0.0))


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """This process with other variables."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def opened(redis_url: str, *, prefix: str) -> Iterator[Installation]:
    """An installation with accounts that nobody has."""
    environment = {**_ENVIRONMENT, "REDIS_URL": redis_url, "KEY_PREFIX": prefix}
    settings = from_environment(environment)
    logs.configure(settings)
    logs.say_nothing()  # some cases are to fail here
    app = create_app(settings)
    redis = connections.for_worker(settings)
    try:
        yield Installation(
            environment=environment,
            settings=settings,
            redis=redis,
            ledger=services.open_ledger(settings, redis, jitter=lambda: 0.0),
            admin=app.test_client(),
        )
    finally:
        app.extensions["deliveries"].close()
        redis.close()


def key(number: int) -> CaseKey:
    """The key of the n-th ticket."""
    return case_key(DESK, _FIRST + number)


def ticket(number: int) -> NewCase:
    """The n-th ticket, as Zendesk's delivery tells of it."""
    return NewCase(key=key(number), number=_FIRST + number)
