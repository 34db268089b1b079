"""What the endpoints for machines answer when something is wrong: never a bare 500, after which nobody comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import redis.exceptions
from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from integration import logs
from integration.cases.deliveries import Deliveries
from integration.cases.owner import RefusedRedisError
from integration.errors import MalformedDelivery, UnverifiedDelivery
from integration.ports import Callback
from integration.repeats import Allowance
from integration.web.answers import answer, later
from integration.web.bounds import BrokenOff, PutOff

NAMED_A_MINUTE = 60  # cases of refused callbacks that the log names

log = logs.get(__name__)

_Count = Callable[[int, str], None]
"""Counts a refusal by its status and its reason."""


def register(app: Flask, deliveries: Deliveries, *, endpoints: Mapping[str, str], callback: Callback) -> None:
    """Give the application an answer to each error; `deliveries` counts those that were answers to a delivery.

    `endpoints` has the names of those that services deliver to, by path.
    """

    def count(status: int, reason: str) -> None:
        if request.path in endpoints:
            deliveries.refused(endpoints[request.path], reason, status)

    _add_refusals(app, count, callback)
    _add_delays(app, count)

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> ResponseReturnValue:
        if isinstance(error, RequestEntityTooLarge):
            count(413, "too_large")
        return answer(error.code or 400, error.name.lower())


def _add_refusals(app: Flask, count: _Count, callback: Callback) -> None:
    names = Allowance(NAMED_A_MINUTE, seconds=60)  # each makes a line that was not there before

    def claimed() -> dict[str, object]:
        """The case that a callback's address names, for the log; anybody may have written it there."""
        named = callback.claimed(request.args) if request.path == callback.path else {}
        return {**named} if named and names.take(time.monotonic()) else {}

    @app.errorhandler(UnverifiedDelivery)
    def unverified(error: UnverifiedDelivery) -> ResponseReturnValue:
        count(401, error.kind)
        log.warning("delivery refused", path=request.path, reason=str(error), **claimed())
        return answer(401, "unauthorized")

    @app.errorhandler(MalformedDelivery)
    def malformed(error: MalformedDelivery) -> ResponseReturnValue:
        count(400, error.kind)
        log.warning("delivery unusable", path=request.path, reason=str(error), **claimed())
        return answer(400, "unusable")

    @app.errorhandler(BrokenOff)
    def broken_off(error: BrokenOff) -> ResponseReturnValue:
        count(400, "broken_off")
        log.warning("delivery unusable", path=request.path, reason=str(error))
        return answer(400, "unusable")


def _add_delays(app: Flask, count: _Count) -> None:
    @app.errorhandler(redis.exceptions.RedisError)
    def no_redis(error: redis.exceptions.RedisError) -> ResponseReturnValue:
        count(503, "redis")
        why = {"why": str(error)} if isinstance(error, RefusedRedisError) else {}
        return later("Redis cannot be used", error=type(error).__name__, **why)

    @app.errorhandler(PutOff)
    def put_off(_error: PutOff) -> ResponseReturnValue:
        count(503, "too_slow")
        return later("its body came too slowly, or gave way to others")

    @app.errorhandler(Exception)
    def broken(error: Exception) -> ResponseReturnValue:
        count(503, "internal")
        return later("internal error", exc_info=error)
