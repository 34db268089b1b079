"""What an account in Zendesk has of webhooks, triggers and macros, as far as we care (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from integration.zendesk.setup.conditions import Conditions

Kind = Literal["webhook", "trigger", "on-demand trigger", "ratings trigger", "macro"]

FOR_TRIGGERS: Final = "conditional_ticket_events"
NOTIFY: Final = "notification_webhook"
"""The field of an action that calls a webhook."""

Action = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook, with the attributes that matter here."""

    id: str
    name: str
    description: str
    endpoint: str
    status: str
    http_method: str
    request_format: str
    for_triggers: bool  # the other kind is subscribed to events; a kind is for ever
    created_at: str
    subscriptions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A trigger, with the attributes that matter here."""

    id: str
    name: str
    description: str
    active: bool
    conditions: Conditions
    actions: tuple[Action, ...]
    created_at: str

    @property
    def calls(self) -> set[str]:
        """The ids of the webhooks that it calls."""
        return {webhook_id for action in self.actions if (webhook_id := called(action)) is not None}


@dataclass(frozen=True, kw_only=True)
class Macro:
    """A macro, as far as we care."""

    id: str
    name: str
    description: str
    active: bool
    actions: tuple[Action, ...]
    created_at: str


Item = Webhook | Trigger | Macro
T = TypeVar("T", Webhook, Trigger, Macro)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What there is in an account; macros are looked at by themselves."""

    webhooks: tuple[Webhook, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    macros: tuple[Macro, ...] = ()


def payloads_for(trigger: Trigger, webhook_id: str) -> list[Any]:
    """What a trigger sends to a webhook: a text for each of its actions that call it."""
    return [
        action["value"][1] for action in trigger.actions if called(action) == webhook_id and len(action["value"]) > 1
    ]


def called(action: Action) -> str | None:
    """The id of the webhook that an action calls."""
    value = action.get("value")
    if action.get("field") != NOTIFY or not isinstance(value, list) or not value:
        return None
    return str(value[0])


def oldest_first(items: Iterable[T]) -> list[T]:
    """The items by their age; the order is the same in every run."""
    return sorted(items, key=lambda item: (item.created_at, len(item.id), item.id))


def first(items: Sequence[T]) -> T | None:
    """The first item; None when there is none."""
    return items[0] if items else None
