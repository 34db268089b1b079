"""The endpoints of Zendesk's and LogRocket's deliveries: verify, write down, queue, answer; call nobody."""

from __future__ import annotations

import time
from typing import Final

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from integration import logs
from integration.cases.deliveries import Deliveries, Endpoint
from integration.cases.ledger import Callback, Ledger
from integration.facts import as_logged
from integration.logrocket import callback, results
from integration.settings import Settings
from integration.web.answers import answer, later
from integration.zendesk import webhook

ENDPOINTS: Final = {webhook.ENDPOINT: Endpoint.ZENDESK, callback.PATH: Endpoint.LOGROCKET}

log = logs.get(__name__)


def register(app: Flask, settings: Settings, ledger: Ledger, deliveries: Deliveries) -> None:
    """Give the application the endpoints; `deliveries` keeps count of what was verified and refused."""

    @app.post(webhook.ENDPOINT)
    def ticket_created() -> ResponseReturnValue:
        """Take in a new ticket."""
        if not settings.zendesk.webhook_secrets:
            deliveries.refused(Endpoint.ZENDESK, "no_secret", 503)
            return later("no webhook secret is set")
        _refuse_longer(webhook.MAX_BYTES)
        webhook.look_at(request.headers, now=time.time())  # a body is read only when it may be genuine
        body = _body(webhook.MAX_BYTES)
        webhook.verify(body, request.headers, secrets=settings.zendesk.webhook_secrets, now=time.time())
        deliveries.verified(Endpoint.ZENDESK)
        ticket = webhook.read(body)
        if ticket is None:
            return answer(204)
        if not ledger.receive(ticket):
            log.info("ticket delivered again, it is known", **as_logged(ticket.key))
            return answer(200, "already known")
        return answer(202, "queued")

    @app.post(callback.PATH)
    def highlights_made() -> ResponseReturnValue:
        """Take in what came of a highlights request."""
        key = callback.verify(request.args, secret_keys=settings.secret_keys, now=time.time())
        deliveries.verified(Endpoint.LOGROCKET)
        result = results.read(_body(callback.MAX_BYTES))
        match ledger.take_callback(key, result):
            case Callback.TAKEN:
                return answer(202, "queued")
            case Callback.REPEATED:
                return answer(200, "already known")
            case Callback.UNKNOWN:
                return answer(200, "ticket not known")


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
