"""JSON that others sent: a delivery is read strictly, an answer as far as it goes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from integration.errors import MalformedDelivery

_MAX_IDENTITY: Final = 320  # characters: the longest e-mail address
_MAX_NUMBER: Final = 10**40  # that is taken for an id


def parse_object(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`.

    `MalformedDelivery` when it is none: not UTF-8, not JSON, nested too deep, a key given twice (two readers could
    believe different ones), not an object.
    """
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise MalformedDelivery("not JSON") from None
    if not isinstance(document, dict):
        raise MalformedDelivery("not a JSON object")
    return document


def json_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object in an answer; None when there is none."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def identity(value: object) -> str | None:
    """An e-mail address, or a person's id, as text; None when it is blank, over-long or no text."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < _MAX_NUMBER else ""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if 0 < len(text) <= _MAX_IDENTITY and text.isprintable() else None


def email_address(value: object) -> str | None:
    """`value` when it can be an e-mail address, else None."""
    text = identity(value)
    return text if text is not None and re.fullmatch(r"\S+@\S+", text) else None


def object_at(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object of that name; an empty one when there is none."""
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members


def _no_constant(name: str) -> Any:  # noqa: ANN401 -- the type that json asks for
    raise ValueError(f"{name} is not JSON")
