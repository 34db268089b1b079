"""The web process: takes in what the services deliver, writes it down, answers; calls nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask

from integration import logs, services
from integration.cases import connections
from integration.cases.deliveries import Deliveries
from integration.settings import Settings, from_environment
from integration.web import asked_cases, deliveries, errors, health

if TYPE_CHECKING:
    from redis import Redis

    from integration.web.status.login import Doorkeeper


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application; `SettingsError` when a setting is missing or malformed."""
    if settings is None:
        settings = from_environment()
        logs.configure(settings)
    app = Flask("integration", static_folder=None)
    for_pages = connections.for_pages(settings)
    routes, doors, callback = services.routes(settings), services.doors(settings), services.callback(settings)
    app.extensions["deliveries"] = counted = Deliveries(for_pages, settings.keys, routes.endpoints)
    ledger = services.open_ledger(settings, connections.for_web(settings))
    deliveries.register_doors(app, doors, ledger, counted, ratings=services.ratings(settings))
    for api in services.apis(settings, connections.for_web(settings), asked_cases.AskedCases(ledger)):
        app.register_blueprint(api)
    deliveries.register_callback(app, routes.callback, callback, ledger, counted)
    health.register(app, settings, for_pages, _add_pages(app, settings, for_pages))
    endpoints = {**{door.path: name for name, door in doors.items()}, callback.path: routes.callback}
    errors.register(app, counted, endpoints=endpoints, callback=callback)
    return app


def _add_pages(app: Flask, settings: Settings, redis: Redis) -> Doorkeeper | None:
    """Give the application its status page, and tell who lets admins in; without ADMIN_PASSWORD there is neither."""
    if settings.admin_password is None:
        return None
    from integration.web.status import pages  # noqa: PLC0415 -- a third of all that this process would load

    return pages.register(app, settings, services.open_ledger(settings, redis), redis)
