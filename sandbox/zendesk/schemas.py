"""Holds what is asked of Zendesk and what it answers against the shapes that its API has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from sandbox.zendesk.schema_exchanges import EXCHANGES
from sandbox.zendesk.schema_shapes import ANYTHING, EMPTY, ERROR

if TYPE_CHECKING:
    from flask import Request, Response

__all__ = ["ERROR", "misfits", "watch", "watched"]

PRODUCT: Final = "helpdesk-highlights"
"""How the product names itself: its requests are held against the shapes, those of tests may be wrong on purpose."""

WEBHOOKS: Final = "/api/v2/webhooks"

_watching: list[list[str]] = []


@contextmanager
def watched() -> Iterator[list[str]]:
    """Hold all that is asked and answered meanwhile against the shapes; the list says what does not fit."""
    misfits_seen: list[str] = []
    _watching.append(misfits_seen)
    try:
        yield misfits_seen
    finally:
        _watching.remove(misfits_seen)


def watch(request: Request, response: Response) -> Response:
    """Hold one exchange against the shapes, when somebody wants to know."""
    if _watching and request.path.startswith(("/api/", "/oauth/")):
        for problem in problems(request, response):
            for misfits_seen in _watching:
                misfits_seen.append(f"{request.method} {request.path}: {problem}")
    return response


def problems(request: Request, response: Response) -> Iterator[str]:
    """What of an exchange does not fit."""
    known = [
        exchange
        for exchange in EXCHANGES
        if exchange.method == request.method and re.fullmatch(exchange.path, request.path.rstrip("/"))
    ]
    own = request.headers.get("User-Agent", "").startswith(PRODUCT)
    if own and not known:
        yield "Zendesk has no such endpoint"
    if own and known:
        yield from (f"Zendesk knows no parameter {name}" for name in set(request.args) - known[0].query)
        yield from misfits(_read(request.get_data()), known[0].request, "request")
    if response.status_code >= 400:
        yield from misfits(_read(response.get_data()), ERROR, f"{response.status_code}")
    elif known and response.status_code not in known[0].answers:
        yield f"Zendesk does not answer {response.status_code}"
    elif known:
        yield from misfits(_read(response.get_data()), known[0].answers[response.status_code], "answer")
    if request.path.startswith(WEBHOOKS):
        yield from (f"no header {name} there" for name, _ in response.headers if name.startswith("ratelimit"))


def misfits(value: object, shape: Any, at: str) -> Iterator[str]:  # noqa: ANN401  # shapes are of many types
    """Where a value does not have a shape."""
    if shape is ANYTHING:
        return
    if isinstance(shape, tuple):
        of_each_shape = [list(misfits(value, possible, at)) for possible in shape]
        if all(of_each_shape):
            yield from min(of_each_shape, key=len)
    elif isinstance(shape, dict) and isinstance(value, dict):
        names = {name.removesuffix("?"): name for name in shape}
        yield from (f"{at} has no field {name}" for name in value if name not in names)
        yield from (f"{at} lacks {name}" for name in shape if not name.endswith("?") and name not in value)
        for name in set(value) & set(names):
            yield from misfits(value[name], shape[names[name]], f"{at}.{name}")
    elif isinstance(shape, list) and isinstance(value, list):
        for item in value:
            yield from misfits(item, shape[0], f"{at}[]")
    elif not _is(value, shape):
        yield f"{at} is {type(value).__name__}"


def _is(value: object, shape: object) -> bool:
    if isinstance(shape, type):
        return type(value) is shape
    if isinstance(shape, re.Pattern):
        return isinstance(value, str) and shape.fullmatch(value) is not None
    if isinstance(shape, set):
        return isinstance(value, str) and value in shape
    return value == shape and type(value) is type(shape)


def _read(body: bytes) -> object:
    """JSON as data; anything else as it is."""
    try:
        return json.loads(body) if body else EMPTY
    except ValueError:
        return body
