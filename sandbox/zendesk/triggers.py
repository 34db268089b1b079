"""When a trigger fires: its conditions, checked against a ticket."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.zendesk.account import STATUSES
from sandbox.zendesk.hooks import Trigger, UpdateType
from sandbox.zendesk.records import BRANDS, CHANNELS, FORMS, GROUPS, RATINGS, Ticket

_CHANNELS: Final = {str(number): title for number, title in CHANNELS.values()}


def _rank(value: str) -> int:
    return STATUSES.index(value) if value in STATUSES else -1


_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "is": lambda actual, wanted: actual == wanted,
    "is_not": lambda actual, wanted: actual != wanted,
    "less_than": lambda actual, wanted: _rank(actual) < _rank(wanted),
    "greater_than": lambda actual, wanted: _rank(actual) > _rank(wanted),
    "includes": lambda actual, wanted: bool(set(actual.split()) & set(wanted.split())),
    "not_includes": lambda actual, wanted: not set(actual.split()) & set(wanted.split()),
}

CHANGES: Final[Mapping[str, Callable[[str, str, str], bool]]] = {
    "changed": lambda before, actual, _wanted: before != actual,
    "not_changed": lambda before, actual, _wanted: before == actual,
    "value": lambda before, actual, wanted: before != actual == wanted,
    "value_previous": lambda before, actual, wanted: wanted == before != actual,
}
"""What the API calls "Changed", "Changed to" and "Changed from"."""

FIELDS: Final = {
    "update_type": ("is",),
    "status": ("is", "is_not", "less_than", "greater_than"),
    "current_tags": ("includes", "not_includes"),
    "comment_is_public": ("is",),
    "ticket_is_public": ("is",),
    "priority": ("is", "is_not"),
    "type": ("is", "is_not"),
    "brand_id": ("is", "is_not"),
    "ticket_form_id": ("is", "is_not"),
    "group_id": ("is", "is_not"),
    "current_via_id": ("is", "is_not"),
    "via_id": ("is", "is_not"),
    "satisfaction_score": ("is", "is_not", *CHANGES),
}
"""The conditions that this account knows, each with its operators."""

VALUES: Final[Mapping[str, Mapping[str, str]]] = {
    "update_type": {"Create": "Created", "Change": "Updated"},
    "brand_id": {str(number): name for number, name in BRANDS.items()},
    "ticket_form_id": {str(number): name for number, name in FORMS.items()},
    "group_id": {"": "-"} | {str(number): name for number, name in GROUPS.items()},
    "via_id": _CHANNELS,
    "current_via_id": _CHANNELS,
    "satisfaction_score": {
        f"{rating}{comment}": f"{rating}{comment}".replace("_", " ").capitalize()
        for rating in RATINGS
        for comment in ("", "_with_comment")
    }
    | {"offered": "Offered", "unoffered": "Unoffered"},
}
"""The values of those conditions that have a list of them, with their titles."""


def fires(trigger: Trigger, ticket: Ticket, update_type: UpdateType, *, before: Ticket | None = None) -> bool:
    """Tell whether all conditions under `all` hold, and one under `any` when there are some.

    `before` is the ticket as it was before the update; None: nothing of it has changed that conditions compare.
    """
    facts, old = _facts(ticket, update_type), _facts(before or ticket, update_type)
    every, some = trigger.conditions.get("all") or [], trigger.conditions.get("any") or []
    return (
        trigger.active
        and all(_holds(condition, facts, old) for condition in every)
        and (not some or any(_holds(condition, facts, old) for condition in some))
    )


def _holds(condition: Mapping[str, Any], facts: Mapping[str, str], old: Mapping[str, str]) -> bool:
    field, operator, value = str(condition.get("field")), str(condition.get("operator")), condition.get("value")
    wanted = str(value).lower() if isinstance(value, bool) else str(value)
    if operator in CHANGES:
        return CHANGES[operator](old[field], facts[field], wanted)
    return _OPERATORS[operator](facts[field], wanted)


def _facts(ticket: Ticket, update_type: UpdateType) -> dict[str, str]:
    channel = str(CHANNELS.get(ticket.via, CHANNELS["web"])[0])
    return {
        "update_type": update_type,
        "status": ticket.status,
        "current_tags": " ".join(ticket.tags),
        "comment_is_public": str(bool(ticket.comments) and ticket.comments[-1].public).lower(),
        "ticket_is_public": "public" if ticket.is_public else "private",
        "priority": ticket.priority or "",
        "type": ticket.type or "",
        "brand_id": str(ticket.brand_id),
        "ticket_form_id": str(ticket.form_id),
        "group_id": str(ticket.group_id),
        "current_via_id": channel,
        "via_id": channel,
        "satisfaction_score": ticket.satisfaction_score,
    }
