"""What the endpoints for machines answer when something is wrong: never a bare 500, after which nobody comes back."""

from __future__ import annotations

import time
from collections.abc import Mapping

import redis.exceptions
from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Request

from integration import logs
from integration.cases.deliveries import Deliveries
from integration.cases.owner import RefusedRedisError
from integration.errors import RejectedDelivery, UnverifiedDelivery
from integration.ports import Callback
from integration.repeats import Allowance
from integration.web.answers import Answer, later
from integration.web.bounds import BrokenOff, PutOff

NAMED_A_MINUTE = 60  # cases of refused callbacks that the log names

log = logs.get(__name__)


class ErrorAnswers:
    """An answer to each error; `deliveries` counts those that were answers to a delivery.

    `endpoints` has the names of those that services deliver to, by path.
    """

    def __init__(self, deliveries: Deliveries, *, endpoints: Mapping[str, str], callback: Callback) -> None:
        self._deliveries, self._endpoints, self._callback = deliveries, endpoints, callback
        self._names = Allowance(NAMED_A_MINUTE, seconds=60)  # each makes a line that was not there before

    def answer(self, request: Request, error: Exception) -> Answer:
        """The answer to an error."""
        match error:
            case RejectedDelivery():
                return self._rejected(request, error)
            case BrokenOff():
                self._count(request, 400, "broken_off")
                log.warning("delivery unusable", path=request.path, reason=str(error))
                return Answer(400, "unusable")
            case HTTPException():
                if isinstance(error, RequestEntityTooLarge):
                    self._count(request, 413, "too_large")
                return Answer(error.code or 400, error.name.lower())
            case _:
                return self._later(request, error)

    def _rejected(self, request: Request, error: RejectedDelivery) -> Answer:
        """The answer to what is not genuine, or unusable."""
        facts = {"path": request.path, "reason": str(error), **self._claimed(request)}
        if isinstance(error, UnverifiedDelivery):
            self._count(request, 401, error.kind)
            log.warning("delivery refused", **facts)
            return Answer(401, "unauthorized")
        self._count(request, 400, error.kind)
        log.warning("delivery unusable", **facts)
        return Answer(400, "unusable")

    def _later(self, request: Request, error: Exception) -> Answer:
        """The answer to what may go well at another time."""
        match error:
            case redis.exceptions.RedisError():
                self._count(request, 503, "redis")
                why = {"why": str(error)} if isinstance(error, RefusedRedisError) else {}
                return later(request.path, "Redis cannot be used", error=type(error).__name__, **why)
            case PutOff():
                self._count(request, 503, "too_slow")
                return later(request.path, "its body came too slowly, or gave way to others")
        self._count(request, 503, "internal")
        return later(request.path, "internal error", exc_info=error)

    def _count(self, request: Request, status: int, reason: str) -> None:
        """Count a refusal by its status and its reason."""
        if request.path in self._endpoints:
            self._deliveries.refused(self._endpoints[request.path], reason, status)

    def _claimed(self, request: Request) -> dict[str, object]:
        """The case that a callback's address names, for the log; anybody may have written it there."""
        named = self._callback.claimed(request.args) if request.path == self._callback.path else {}
        return {**named} if named and self._names.take(time.monotonic()) else {}


def register(app: Flask, answers: ErrorAnswers) -> None:
    """Give the application the same answers for its views."""

    @app.errorhandler(Exception)
    def broken(error: Exception) -> ResponseReturnValue:
        return answers.answer(request, error).of_flask
