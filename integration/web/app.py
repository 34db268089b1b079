"""The web process: takes in what Zendesk and LogRocket deliver, writes it down, answers; calls nobody."""

from __future__ import annotations

import random
import time
from functools import partial
from typing import cast

import redis
import redis.exceptions
from flask import Flask, Response, request
from flask.typing import ResponseReturnValue
from gunicorn.http.errors import ParseException
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from integration import logs, services
from integration.cases import connections, overview, standing
from integration.cases.deliveries import Deliveries, Endpoint
from integration.cases.ledger import Ledger
from integration.cases.owner import RefusedRedisError
from integration.cases.situation import Trouble
from integration.errors import MalformedDelivery, UnverifiedDelivery
from integration.facts import as_logged
from integration.logrocket import callback, results
from integration.repeats import Allowance
from integration.settings import Settings, from_environment
from integration.web.bounds import PutOff
from integration.web.status import pages
from integration.web.status.login import Doorkeeper
from integration.zendesk import webhook

_ENDPOINTS = {webhook.ENDPOINT: Endpoint.ZENDESK, callback.PATH: Endpoint.LOGROCKET}
NAMED_A_MINUTE = 60  # tickets of refused callbacks that the log names
RETRY_AFTER_SECONDS = 30  # Zendesk comes back only when told less than 60

log = logs.get(__name__)


def create_app(settings: Settings | None = None) -> Flask:
    """The WSGI application; `SettingsError` when a setting is missing or malformed."""
    if settings is None:
        settings = from_environment()
        logs.configure(settings)
    app = Flask("integration", static_folder=None)
    ledger = services.open_ledger(settings, connections.for_web(settings), random=random.random)
    for_pages = connections.for_pages(settings)
    app.extensions["deliveries"] = deliveries = Deliveries(for_pages, settings.keys)
    _add_deliveries(app, settings, ledger, deliveries)
    doorkeeper = _add_status(app, settings, for_pages)
    _add_health(app, settings, for_pages, doorkeeper)
    _add_errors(app, deliveries)
    return app


def _add_deliveries(app: Flask, settings: Settings, ledger: Ledger, deliveries: Deliveries) -> None:
    @app.post("/zendesk/tickets")
    def ticket_created() -> ResponseReturnValue:
        """Take in a new ticket: verify, write down, queue, answer."""
        if not settings.zendesk_webhook_secrets:
            deliveries.refused(Endpoint.ZENDESK, "no_secret", 503)
            return _later("no webhook secret is set")
        _refuse_longer(webhook.MAX_BYTES)
        webhook.look_at(request.headers, now=time.time())  # a body is read only when it may be genuine
        body = _body(webhook.MAX_BYTES)
        webhook.verify(body, request.headers, secrets=settings.zendesk_webhook_secrets, now=time.time())
        deliveries.verified(Endpoint.ZENDESK)
        ticket = webhook.read(body)
        if ticket is None:
            return _answer(204)
        if not ledger.receive(ticket):
            log.info("ticket delivered again, it is known", **as_logged(ticket.key))
            return _answer(200, "already known")
        return _answer(202, "queued")

    @app.post(callback.PATH)
    def highlights_made() -> ResponseReturnValue:
        """Take in what came of a highlights request."""
        key = callback.verify(request.args, secret_keys=settings.secret_keys, now=time.time())
        deliveries.verified(Endpoint.LOGROCKET)
        result = results.read(_body(callback.MAX_BYTES))
        if not ledger.call_back(key, result):
            return _answer(200, "already known")
        return _answer(202, "queued")


def _add_health(app: Flask, settings: Settings, for_pages: redis.Redis, doorkeeper: Doorkeeper | None) -> None:
    connection = connections.for_readiness(settings)

    def troubles() -> ResponseReturnValue:
        found = standing.troubles(overview.facts(settings, for_pages, routes=services.routes()))
        return _answer(200, "\n".join(["ok", *map(_in_a_line, found)]))

    for_admin = None if doorkeeper is None else doorkeeper.auth.login_required(troubles)

    @app.get("/healthz")
    def alive() -> ResponseReturnValue:
        return _answer(200, "ok")

    @app.get("/readyz")
    def ready() -> ResponseReturnValue:
        try:
            overview.try_to_write(connection, settings.keys)
        except RefusedRedisError as error:
            log.error("this Redis is not for us", why=str(error))  # noqa: TRY400 -- the text says it all
            return _answer(503, "Redis cannot be used, the log says why")
        except redis.exceptions.RedisError as error:
            return _answer(503, standing.away(error).what)
        if for_admin is not None and request.authorization is not None:
            return cast("ResponseReturnValue", for_admin())
        return _answer(200, "ok")


def _in_a_line(trouble: Trouble) -> str:
    return f"{trouble.name}: {trouble.what_since}; {trouble.severity}. {trouble.what_to_do}"


def _add_status(app: Flask, settings: Settings, for_pages: redis.Redis) -> Doorkeeper | None:
    return pages.register(app, settings, services.open_ledger(settings, for_pages, random=random.random), for_pages)


def _add_errors(app: Flask, deliveries: Deliveries) -> None:
    refused_with = partial(_count, deliveries)
    names = Allowance(NAMED_A_MINUTE, seconds=60)  # each makes a line that was not there before

    def claimed() -> dict[str, object]:
        """The case that a callback's address names, for the log; anybody may have written it there."""
        named = callback.claimed(request.args) if request.path == callback.PATH else {}
        return {**named} if named and names.take(time.monotonic()) else {}

    @app.errorhandler(UnverifiedDelivery)
    def unverified(error: UnverifiedDelivery) -> ResponseReturnValue:
        refused_with(401, error.kind)
        log.warning("delivery refused", path=request.path, reason=str(error), **claimed())
        return _answer(401, "unauthorized")

    @app.errorhandler(MalformedDelivery)
    def malformed(error: MalformedDelivery) -> ResponseReturnValue:
        refused_with(400, error.kind)
        log.warning("delivery unusable", path=request.path, reason=str(error), **claimed())
        return _answer(400, "unusable")

    @app.errorhandler(redis.exceptions.RedisError)
    def no_redis(error: redis.exceptions.RedisError) -> ResponseReturnValue:
        refused_with(503, "redis")
        why = {"why": str(error)} if isinstance(error, RefusedRedisError) else {}
        return _later("Redis cannot be used", error=type(error).__name__, **why)

    @app.errorhandler(ParseException)
    def broken_off(error: ParseException) -> ResponseReturnValue:
        refused_with(400, "broken_off")
        log.warning("delivery unusable", path=request.path, reason=type(error).__name__)
        return _answer(400, "unusable")

    @app.errorhandler(PutOff)
    def put_off(_error: PutOff) -> ResponseReturnValue:
        refused_with(503, "too_slow")
        return _later("its body came too slowly, or gave way to others")

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        if isinstance(error, RequestEntityTooLarge):
            refused_with(413, "too_large")
        return _answer(error.code or 400, error.name.lower())

    @app.errorhandler(Exception)
    def broken(error: Exception) -> ResponseReturnValue:
        refused_with(503, "internal")
        return _later("internal error", exc_info=error)  # Zendesk would not come back after a 500


def _count(deliveries: Deliveries, status: int, reason: str) -> None:
    """Count a refusal, when it is one of a delivery."""
    if request.path in _ENDPOINTS:
        deliveries.refused(_ENDPOINTS[request.path], reason, status)


def _body(limit: int) -> bytes:
    """The request's body; 413 when it is longer than `limit`, however it is sent."""
    _refuse_longer(limit)
    request.max_content_length = limit + 1  # a body without a length is cut there in silence
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def _refuse_longer(limit: int) -> None:
    """413 when the request announces a body that is longer than `limit`."""
    if (request.content_length or 0) > limit:
        raise RequestEntityTooLarge


def _later(reason: str, **facts: object) -> Response:
    log.error("delivery put off", path=request.path, reason=reason, **facts)
    answer = _answer(503, "try again later")
    answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return answer


def _answer(status: int, text: str = "") -> Response:
    return Response(f"{text}\n" if text else "", status=status, mimetype="text/plain")
