"""What our webhook and our trigger in Zendesk should be, and the steps that lead there (pure).

Which webhook and trigger are ours, `inventory` tells.

What points to our endpoint without a mark was made by hand: it is taken over when there is none of ours, and only with
consent. Only what carries nothing but ours is deleted; of anything else our action and our mark are taken out.

Of several of ours, left by runs that were interrupted or ran at once, the oldest trigger and the webhook that it calls
stay. Every run decides the same from the same lists, so runs at once agree.
https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/
https://developer.zendesk.com/api-reference/ticketing/business-rules/triggers/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from integration.safe_text import printable
from integration.zendesk.setup import conditions, remarks
from integration.zendesk.setup.conditions import Conditions, Filters
from integration.zendesk.setup.inventory import NAMES, PAYLOAD, Inventory, described, without_mark
from integration.zendesk.setup.objects import FOR_TRIGGERS, NOTIFY, Account, Kind, Trigger, Webhook, first


@dataclass(frozen=True, kw_only=True)
class Step:
    """One change in Zendesk; `body` holds the attributes that are sent."""

    action: Literal["create", "change", "delete"]
    kind: Kind
    name: str
    id: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    conditions: Conditions | None = None  # that a trigger gets, when they change
    takes_over: bool = False  # it was not made by us
    lets_go: bool = False  # it holds more than what is ours: that stays

    @property
    def needs_consent(self) -> bool:
        """Whether it changes what is not ours alone."""
        return self.takes_over or self.lets_go

    @property
    def key(self) -> tuple[str, str, str]:
        """What it does to what."""
        return self.action, self.kind, self.id


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The steps that are left, first ones first; `remarks` are for the admin, `webhook` is the one that stays."""

    steps: tuple[Step, ...] = ()
    remarks: tuple[str, ...] = ()
    webhook: Webhook | None = None


def plan_install(account: Account, *, endpoint: str, filters: Filters | None) -> Plan:
    """The steps to exactly one webhook and one trigger of ours; none when all is well."""
    inventory = Inventory(account, endpoint)
    trigger = first(inventory.triggers) or first(inventory.adoptable_triggers)
    webhook = _chosen_webhook(inventory, trigger)
    others = [hook for hook in inventory.webhooks if hook is not webhook and inventory.is_here(hook)]
    steps = [
        _webhook_step(webhook, inventory, endpoint),
        _trigger_step(trigger, webhook, inventory, endpoint=endpoint, filters=filters),
        *(_removal_of_trigger(own, inventory) for own in inventory.triggers if own is not trigger),
        *(_removal_of_webhook(hook, inventory) for hook in others if not inventory.callers(hook)),
    ]
    told = [remarks.in_use(hook, inventory.callers(hook)) for hook in others if inventory.callers(hook)]
    if webhook is not None:
        told += remarks.on_other_callers(inventory, webhook, besides=trigger)
    told += remarks.on_what_stays(inventory, besides=webhook)
    return Plan(
        steps=tuple(step for step in steps if step is not None),
        remarks=tuple(map(printable, told)),
        webhook=webhook,
    )


def plan_uninstall(account: Account, *, endpoint: str) -> Plan:
    """The steps to none of ours: triggers first, for Zendesk keeps a webhook that a trigger calls."""
    inventory = Inventory(account, endpoint)
    kept = [hook for hook in inventory.webhooks if inventory.callers(hook) and inventory.is_all_ours(hook)]
    steps = [_removal_of_trigger(own, inventory) for own in inventory.triggers]
    steps += [_removal_of_webhook(hook, inventory) for hook in inventory.webhooks if hook not in kept]
    told = [remarks.in_use(hook, inventory.callers(hook)) for hook in kept] + remarks.on_copies(inventory)
    return Plan(steps=tuple(steps), remarks=tuple(map(printable, told)), webhook=first(kept))


def _chosen_webhook(inventory: Inventory, trigger: Trigger | None) -> Webhook | None:
    """The webhook that stays: the one that our trigger calls, else the oldest; one of ours before any other."""
    here = [hook for hook in inventory.webhooks if inventory.is_here(hook)]
    candidates = here or inventory.webhooks or inventory.adoptable_webhooks
    called = [hook for hook in candidates if trigger is not None and hook.id in trigger.calls]
    return first(called or candidates)


def _webhook_step(webhook: Webhook | None, inventory: Inventory, endpoint: str) -> Step | None:
    body: dict[str, Any] = {
        "status": "active",
        "endpoint": endpoint,
        "http_method": "POST",
        "request_format": "json",
        "description": described(webhook, "webhook", inventory, endpoint),
    }
    if webhook is None:
        new = {"name": NAMES["webhook"], "subscriptions": [FOR_TRIGGERS]}
        return Step(action="create", kind="webhook", name=NAMES["webhook"], body=new | body)
    body = {name: value for name, value in body.items() if getattr(webhook, name) != value}
    if not body:
        return None
    return Step(
        action="change",
        kind="webhook",
        name=webhook.name,
        id=webhook.id,
        body=body,
        takes_over=webhook not in inventory.webhooks,
    )


def _trigger_step(
    trigger: Trigger | None, webhook: Webhook | None, inventory: Inventory, *, endpoint: str, filters: Filters | None
) -> Step | None:
    wanted = conditions.wanted(trigger.conditions if trigger else None, filters)
    notify = {"field": NOTIFY, "value": [webhook.id if webhook else "", PAYLOAD]}
    body: dict[str, Any] = {"active": True, "description": described(trigger, "trigger", inventory, endpoint)}
    if trigger is None:
        new = {"title": NAMES["trigger"], "conditions": wanted.as_json(), "actions": [notify]}
        return Step(action="create", kind="trigger", name=NAMES["trigger"], body=new | body, conditions=wanted)
    others = [action for action in trigger.actions if not inventory.is_replaceable(action)]
    body = {name: value for name, value in body.items() if getattr(trigger, name) != value}
    right = wanted == trigger.conditions and [notify] == [action for action in trigger.actions if action not in others]
    if right and not body:
        return None
    # Zendesk replaces both lists whole, or drops the one that is not sent.
    changes = {} if right else {"conditions": wanted.as_json(), "actions": [*others, notify]}
    return Step(
        action="change",
        kind="trigger",
        name=trigger.name,
        id=trigger.id,
        body=body | changes,
        conditions=None if wanted == trigger.conditions else wanted,
        takes_over=trigger not in inventory.triggers,
    )


def _removal_of_trigger(trigger: Trigger, inventory: Inventory) -> Step:
    """Delete a trigger of ours; when it carries more than ours, take our action and our mark out."""
    if inventory.is_all_ours(trigger):
        return Step(action="delete", kind="trigger", name=trigger.name, id=trigger.id)
    others = [action for action in trigger.actions if not inventory.tells_us(action)]
    body: dict[str, Any] = {"description": without_mark(trigger, "trigger")}
    # Zendesk has no trigger without an action, and replaces both lists whole.
    body |= {"conditions": trigger.conditions.as_json(), "actions": others} if others else {"active": False}
    return Step(action="change", kind="trigger", name=trigger.name, id=trigger.id, body=body, lets_go=True)


def _removal_of_webhook(webhook: Webhook, inventory: Inventory) -> Step:
    """Delete a webhook of ours; when it carries more than ours, take our mark out."""
    if inventory.is_all_ours(webhook):
        return Step(action="delete", kind="webhook", name=webhook.name, id=webhook.id)
    body = {"description": without_mark(webhook, "webhook")}
    return Step(action="change", kind="webhook", name=webhook.name, id=webhook.id, body=body, lets_go=True)
