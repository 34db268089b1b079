"""zenpy's webhooks and triggers, read into ours (pure).

What has another form than the one we need raises an error of Python's: the caller reads within `understood`, which
makes one of ours of it.
"""

from __future__ import annotations

import functools
import json
from typing import Any

from zenpy.lib.util import json_encode_for_printing

from integration.zendesk.setup.conditions import Conditions
from integration.zendesk.setup.objects import FOR_TRIGGERS, Trigger, Webhook


def read_webhook(record: Any) -> Webhook:  # noqa: ANN401 -- zenpy's object
    """A webhook in our words."""
    plain = _plain(record)
    return Webhook(
        id=read_id(record),
        name=_text(plain.get("name")),
        description=_text(plain.get("description")),
        endpoint=_text(plain.get("endpoint")),
        status=_text(plain.get("status")),
        http_method=_text(plain.get("http_method")),
        request_format=_text(plain.get("request_format")),
        for_triggers=FOR_TRIGGERS in (plain.get("subscriptions") or ()),
        created_at=_text(plain.get("created_at")),
        subscriptions=tuple(map(str, plain.get("subscriptions") or ())),
    )


def read_trigger(record: Any) -> Trigger:  # noqa: ANN401 -- zenpy's object
    """A trigger in our words."""
    plain = _plain(record)
    lists = plain.get("conditions") or {}
    return Trigger(
        id=str(int(read_id(record))),
        name=_text(plain.get("title")),
        description=_text(plain.get("description")),
        active=plain.get("active") is True,
        conditions=Conditions(all=_objects(lists.get("all")), any=_objects(lists.get("any"))),
        actions=tuple(action for action in plain.get("actions") or () if isinstance(action, dict)),
        created_at=_text(plain.get("created_at")),
    )


def _objects(listed: Any) -> tuple[dict[str, Any], ...]:  # noqa: ANN401 -- JSON
    """The conditions of a list. One that cannot be read is an error: without it, the trigger would fire more often."""
    conditions = tuple(listed or ())
    if not all(isinstance(condition, dict) for condition in conditions):
        raise TypeError("a condition is no object")
    return conditions


def _plain(record: Any) -> dict[str, Any]:  # noqa: ANN401 -- zenpy's object
    """What zenpy's object and the ones in it hold, as plain JSON."""
    encode = functools.partial(json.dumps, default=json_encode_for_printing)
    plain: dict[str, Any] = json.loads(encode(record.to_dict()))
    return plain


def read_id(record: Any) -> str:  # noqa: ANN401 -- zenpy's object
    """The id of an object; an error when it has none."""
    if record.id is None:
        raise ValueError("no id")
    return str(record.id)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def read_values(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The values of a condition: a list, or an object that holds one."""
    values = definition.get("values") or []
    listed = values.get("list") or [] if isinstance(values, dict) else values
    return [value for value in listed if isinstance(value, dict) and "value" in value and "title" in value]
