"""The endpoints of what services deliver: verify, write down, queue, answer; call nobody.

They are answered ahead of Flask, whose way to a view and back costs a sixth of all that a delivery costs. Flask's
routes know of them, and answer what is asked there with other methods.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request
from werkzeug.wsgi import get_input_stream

from integration import logs
from integration.cases.deliveries import Deliveries
from integration.cases.ledger import CallbackOutcome, Ledger, Received
from integration.facts import Identified, NewCase, as_logged
from integration.ports import Callback, Door, TriedDoor
from integration.web.answers import Answer, later

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Take = Callable[[Request], Answer]
"""Takes in a delivery."""

Refuse = Callable[[Request, Exception], Answer]
"""Answers a request that ended in an error."""

log = logs.get(__name__)


class Endpoints:
    """A WSGI application for deliveries, which leaves everything else to another one."""

    def __init__(self, others: WSGIApplication, takers: Mapping[tuple[str, str], Take], refuse: Refuse) -> None:
        self._others, self._takers, self._refuse = others, takers, refuse  # takers by method and path

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        take = self._takers.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if take is None:
            return self._others(environ, start_response)
        request = Request(environ)
        try:
            answer = take(request)
        except Exception as error:  # noqa: BLE001 -- each has its answer
            answer = self._refuse(request, error)
        return answer(environ, start_response)


def register(app: Flask, takers: Mapping[tuple[str, str], Take], refuse: Refuse) -> None:
    """Give the application the endpoints of deliveries, by method and path."""
    for method, path in takers:
        app.add_url_rule(path, f"{method} {path}", methods=[method])
    app.wsgi_app = Endpoints(app.wsgi_app, takers, refuse)  # type: ignore[method-assign]  # Flask's own way to do it


def takers_of_door(name: str, door: Door, ledger: Ledger, deliveries: Deliveries) -> dict[tuple[str, str], Take]:
    """What a door takes in, by method and path; `deliveries` counts it under its name."""
    takers: dict[tuple[str, str], Take] = {("POST", door.path): _taker_of_cases(name, door, ledger, deliveries)}
    if isinstance(door, TriedDoor):
        tried = Answer(door.tried)
        takers["HEAD", door.path] = lambda _: tried
    return takers


def _taker_of_cases(name: str, door: Door, ledger: Ledger, deliveries: Deliveries) -> Take:
    def case_created(request: Request) -> Answer:
        """Take in a new case."""
        if not door.has_secret:
            deliveries.refused(name, "no_secret", 503)
            return later(request.path, "no webhook secret is set")
        _refuse_longer(request, door.max_bytes)
        door.look_at(request.headers, now=time.time())  # a body is read only when it may be genuine
        body = _body(request, door.max_bytes)
        door.verify(body, request.headers, now=time.time())
        deliveries.verified(name)
        told = door.read(body, request.headers)
        if told is None:
            return Answer(door.ignored)
        if isinstance(told, Identified):
            return Answer(202, "queued") if ledger.look_again(told) else Answer(door.ignored)
        return _received(told, ledger)

    return case_created


def _received(told: NewCase, ledger: Ledger) -> Answer:
    """Take in a case, and say what became of it."""
    match ledger.receive(told):
        case Received.NEW:
            return Answer(202, "queued")
        case Received.UPDATED:
            return Answer(200, "updated")
        case Received.KNOWN if not told.begins:
            return Answer(200, "nothing to do")
        case Received.KNOWN:
            log.info("ticket delivered again, it is known", **as_logged(told.key))
            return Answer(200, "already known")


def takers_of_callback(
    name: str, callback: Callback, ledger: Ledger, deliveries: Deliveries
) -> dict[tuple[str, str], Take]:
    """What takes in what came of requests for highlights, by method and path."""

    def highlights_made(request: Request) -> Answer:
        """Take in what came of a highlights request."""
        key = callback.verify(request.args, now=time.time())
        deliveries.verified(name)
        result = callback.read(_body(request, callback.max_bytes))
        match ledger.take_callback(key, result):
            case CallbackOutcome.TAKEN:
                return Answer(202, "queued")
            case CallbackOutcome.REPEATED:
                return Answer(200, "already known")
            case CallbackOutcome.UNKNOWN:
                return Answer(200, "ticket not known")

    return {("POST", callback.path): highlights_made}


def _body(request: Request, limit: int) -> bytes:
    """The request's body; 413 when it is longer than `limit`, however it is sent."""
    _refuse_longer(request, limit)
    body = get_input_stream(request.environ).read(limit + 1)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body


def _refuse_longer(request: Request, limit: int) -> None:
    """413 when the request announces a body that is longer than `limit`."""
    if (request.content_length or 0) > limit:
        raise RequestEntityTooLarge
