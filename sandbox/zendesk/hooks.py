"""Webhooks and the triggers that use them, as the account keeps them."""

from __future__ import annotations

import base64
import itertools
import secrets
import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from sandbox.zendesk import refusals
from sandbox.zendesk.records import now, ulid

TICKET_EVENTS: Final = "conditional_ticket_events"
TICKET_CREATED: Final = "zen:event-type:ticket.created"
UpdateType = Literal["Create", "Change"]
Payload = str | list[tuple[str, str]]
"""What a trigger sends: a text, or pairs for methods and formats that have no body of their own."""


def new_secret() -> str:
    """Return a signing secret: its text is the key, it is not decoded."""
    return base64.b64encode(secrets.token_bytes(32)).decode()


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """An address that Zendesk calls, for a trigger or for events."""

    name: str
    endpoint: str
    description: str = ""
    status: str = "active"
    http_method: str = "POST"
    request_format: str = "json"
    subscriptions: tuple[str, ...] = (TICKET_EVENTS,)
    authentication: dict[str, Any] | None = None
    custom_headers: dict[str, str] | None = None
    id: str = field(default_factory=ulid)
    secret: str = field(default_factory=new_secret, repr=False)
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def for_triggers(self) -> bool:
        """Tell a trigger's webhook from one that is subscribed to events; no webhook is both."""
        return self.subscriptions == (TICKET_EVENTS,)


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """A rule: when a ticket is created or changed and the conditions hold, carry out the actions."""

    id: int
    title: str
    conditions: dict[str, list[dict[str, Any]]]
    actions: tuple[dict[str, Any], ...]
    description: str = ""
    active: bool = True
    position: int = 1
    category_id: str = "10026"
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def notifications(self) -> list[tuple[str, Payload]]:
        """The webhooks this trigger calls, each with its payload."""
        called = [action["value"] for action in self.actions if action["field"] == "notification_webhook"]
        return [(value[0], value[1]) for value in called]


class Hooks:
    """Keeps webhooks and triggers, in the order in which they were made."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._trigger_ids = itertools.count(360103460010)
        self.webhooks: dict[str, Webhook] = {}
        self.triggers: dict[int, Trigger] = {}
        self.categories = True  # some accounts have none for triggers, and answer 403
        self.categories_needed = False  # some accounts want every new trigger to be in a category
        self.list_lag = 0.0  # seconds until a list shows what was made

    def webhook(self, webhook_id: str) -> Webhook:
        """Return a webhook, or refuse."""
        try:
            return self.webhooks[webhook_id]
        except KeyError:
            raise refusals.invalid_webhook("Webhook not found", status=404) from None

    def listed_webhooks(self) -> list[Webhook]:
        """Return the webhooks that a list shows by now."""
        return [webhook for webhook in list(self.webhooks.values()) if self._is_listed(webhook.created_at)]

    def listed_triggers(self) -> list[Trigger]:
        """Return the triggers that a list shows by now."""
        return [trigger for trigger in list(self.triggers.values()) if self._is_listed(trigger.created_at)]

    def _is_listed(self, created_at: datetime) -> bool:
        return (now() - created_at).total_seconds() >= self.list_lag

    def keep_webhook(self, webhook: Webhook) -> Webhook:
        """Keep a webhook, new or changed."""
        with self.lock:
            self.webhooks[webhook.id] = webhook
        return webhook

    def delete_webhook(self, webhook_id: str) -> None:
        """Delete a webhook, unless a trigger still uses it."""
        with self.lock:
            self.webhook(webhook_id)
            users = [t.title for t in self.triggers.values() if webhook_id in dict(t.notifications)]
            if users:
                reason = f"Webhook is connected to a trigger or an automation and cannot be deleted: {users[0]}"
                raise refusals.invalid_webhook(reason)
            del self.webhooks[webhook_id]

    def reset_secret(self, webhook_id: str) -> Webhook:
        """Give a webhook another signing secret, from now on."""
        return self.keep_webhook(replace(self.webhook(webhook_id), secret=new_secret()))

    def trigger(self, trigger_id: int) -> Trigger:
        """Return a trigger, or refuse."""
        try:
            return self.triggers[trigger_id]
        except KeyError:
            raise refusals.not_found() from None

    def new_trigger_id(self) -> int:
        """Return an id that no trigger has."""
        return next(self._trigger_ids)

    def keep_trigger(self, trigger: Trigger) -> Trigger:
        """Keep a trigger, new or changed."""
        with self.lock:
            self.triggers[trigger.id] = trigger
        return trigger

    def delete_trigger(self, trigger_id: int) -> None:
        """Delete a trigger."""
        with self.lock:
            self.trigger(trigger_id)
            del self.triggers[trigger_id]

    def install(self, endpoint: str, *, payload: str, event: bool) -> Webhook:
        """Make a webhook for new tickets, or set the one with this endpoint right, as an admin would."""
        subscription = TICKET_CREATED if event else TICKET_EVENTS
        with self.lock:
            known = [w for w in self.webhooks.values() if w.endpoint == endpoint and w.for_triggers is not event]
            webhook = (
                known[0] if known else Webhook(name="Highlights", endpoint=endpoint, subscriptions=(subscription,))
            )
            self.keep_webhook(webhook)
            if not event:
                self._install_trigger(webhook, payload)
        return webhook

    def _install_trigger(self, webhook: Webhook, payload: str) -> None:
        known = [t.id for t in self.triggers.values() if webhook.id in dict(t.notifications)]
        self.keep_trigger(
            Trigger(
                id=known[0] if known else self.new_trigger_id(),
                title="Highlights: tell of new tickets",
                conditions={
                    "all": [{"field": "update_type", "operator": "is", "value": "Create"}],
                    "any": [],
                },
                actions=({"field": "notification_webhook", "value": [webhook.id, payload]},),
            )
        )
