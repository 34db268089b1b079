"""Whom a message would notify, as Slack reads it: written without a look at what the product does about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_CALLED: Final = re.compile(
    r"<(?:!(?:here|channel|everyone|subteam\^\w+)|[@#][A-Z0-9]+)(?:\|[^>]*)?>|(?<!\w)@(?:here|channel|everyone)\b",
    re.IGNORECASE,
)


def of(message: dict[str, Any]) -> list[str]:
    """Every mention in a message, as it stands there."""
    return [called for text in _texts(message) for called in _CALLED.findall(text)]


def _texts(part: Any) -> Iterator[str]:  # noqa: ANN401 -- what JSON is made of
    match part:
        case {"text": str() as text, **rest}:
            yield text
            yield from _texts(rest)
        case dict():
            for value in part.values():
                yield from _texts(value)
        case list():
            for value in part:
                yield from _texts(value)
