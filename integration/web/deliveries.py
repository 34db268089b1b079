"""The endpoints of what services deliver: verify, write down, queue, answer; call nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from integration import logs
from integration.cases.deliveries import Deliveries
from integration.cases.ledger import CallbackOutcome, Ledger, Received
from integration.facts import Identified, NewCase, Rating, as_logged
from integration.ports import Callback, Door, TriedDoor
from integration.web.answers import answer, later

log = logs.get(__name__)

Ratings = Callable[[Rating], NewCase] | None
"""What makes cases of ratings; None when nobody is to be told of them."""
Told = NewCase | Identified | Rating | None
"""What a door read."""


def register_doors(
    app: Flask, doors: Mapping[str, Door], ledger: Ledger, deliveries: Deliveries, *, ratings: Ratings
) -> None:
    """Give the application an endpoint for each door, by its name, under which `deliveries` counts."""
    for name, door in doors.items():
        take = partial(_take, ignored=door.ignored, ledger=ledger, ratings=ratings)
        _register_door(app, name, door, deliveries, take)


def _register_door(
    app: Flask, name: str, door: Door, deliveries: Deliveries, take: Callable[[Told], ResponseReturnValue]
) -> None:
    if isinstance(door, TriedDoor):
        tried = door.tried
        app.add_url_rule(door.path, f"{name}_door_tried", lambda: answer(tried), methods=["HEAD"])

    @app.post(door.path, endpoint=f"{name}_door")
    def case_created() -> ResponseReturnValue:
        """Take in a new case."""
        if not door.has_secret:
            deliveries.refused(name, "no_secret", 503)
            return later("no webhook secret is set")
        _refuse_longer(door.max_bytes)
        door.look_at(request.headers, now=time.time())  # a body is read only when it may be genuine
        body = _body(door.max_bytes)
        door.verify(body, request.headers, now=time.time())
        deliveries.verified(name)
        return take(door.read(body, request.headers))


def _take(told: Told, *, ignored: int, ledger: Ledger, ratings: Ratings) -> ResponseReturnValue:
    """Take in what a door read, and say what became of it."""
    if told is None:
        return answer(ignored)
    if isinstance(told, Identified):
        return answer(202, "queued") if ledger.look_again(told) else answer(ignored)
    if not isinstance(told, Rating):
        return _received(told, ledger)
    if ratings is not None:
        return _received(ratings(told), ledger)
    log.warning("a rating is told to nobody: set SLACK_BOT_TOKEN and SLACK_CHANNEL, or run `install --no-ratings`")
    return answer(200, "nothing to do")


def _received(told: NewCase, ledger: Ledger) -> ResponseReturnValue:
    """Take in a case, and say what became of it."""
    match ledger.receive(told):
        case Received.NEW:
            return answer(202, "queued")
        case Received.UPDATED:
            return answer(200, "updated")
        case Received.KNOWN if not told.begins:
            return answer(200, "nothing to do")
        case Received.KNOWN:
            log.info("ticket delivered again, it is known", **as_logged(told.key))
            return answer(200, "already known")


def register_callback(app: Flask, name: str, callback: Callback, ledger: Ledger, deliveries: Deliveries) -> None:
    """Give the application the endpoint for what came of requests for highlights."""

    @app.post(callback.path, endpoint=f"{name}_callback")
    def highlights_made() -> ResponseReturnValue:
        """Take in what came of a highlights request."""
        key = callback.verify(request.args, now=time.time())
        deliveries.verified(name)
        result = callback.read(_body(callback.max_bytes))
        match ledger.take_callback(key, result, project=callback.project(request.args)):
            case CallbackOutcome.TAKEN:
                return answer(202, "queued")
            case CallbackOutcome.REPEATED:
                return answer(200, "already known")
            case CallbackOutcome.UNKNOWN:
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
