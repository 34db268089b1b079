"""What our webhook and our triggers in Zendesk should be, and the steps that lead there (pure).

Which webhook and triggers are ours, `inventory` tells.

What points to our endpoint without a mark was made by hand: it is taken over when there is none of ours, and only with
consent. Only what carries nothing but ours is deleted; of anything else our action and our mark are taken out.

Of several of ours, left by runs that were interrupted or ran at once, the oldest trigger and the webhook that it calls
stay. Every run decides the same from the same lists, so runs at once agree.
https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/
https://developer.zendesk.com/api-reference/ticketing/business-rules/triggers/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from integration.safe_text import printable
from integration.zendesk.setup import conditions, rating_conditions, remarks
from integration.zendesk.setup.conditions import Choices, Conditions, Filters
from integration.zendesk.setup.inventory import Inventory, described
from integration.zendesk.setup.objects import FOR_TRIGGERS, Account, Action, Kind, Trigger, Webhook, first
from integration.zendesk.setup.wording import (
    NAMES,
    TAKE_TAG_OFF,
    leaves_out_on_demand,
    notify,
    with_choice,
    without_mark,
)


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


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """Whether there shall be a trigger for ratings; None: as it was before.

    `choices` are the values that conditions can have in the account, as far as it was asked.
    """

    wanted: bool | None = None
    choices: Choices = field(default_factory=dict)


_AS_BEFORE: Final = Ratings()


def plan_install(
    account: Account,
    *,
    endpoint: str,
    filters: Filters | None,
    on_demand: bool | None = None,
    ratings: Ratings = _AS_BEFORE,
) -> Plan:
    """The steps to exactly one webhook and one trigger of each kind of ours; none when all is well.

    `on_demand`: whether there shall be a trigger for highlights on demand; None: as it was chosen before.
    """
    inventory = Inventory(account, endpoint)
    trigger = first(inventory.triggers) or first(inventory.adoptable_triggers)
    webhook = _chosen_webhook(inventory, trigger)
    chosen = on_demand if on_demand is not None else not (trigger and leaves_out_on_demand(trigger.description))
    asked = (first(inventory.on_demand) or first(inventory.adoptable_on_demand)) if chosen else None
    rated = _of_ratings(inventory, ratings)
    others = [hook for hook in inventory.webhooks if hook is not webhook and inventory.is_here(hook)]
    wanted = conditions.wanted(trigger.conditions if trigger else None, filters)
    webhook_id = webhook.id if webhook else ""
    pairs = [(trigger, _for_new_tickets(trigger, webhook_id, inventory, wanted=wanted, on_demand=chosen))]
    if chosen:
        pairs.append((asked, _on_demand(asked, webhook_id, inventory, of_new_tickets=wanted)))
    if rated is not None or ratings.wanted:
        pairs.append((rated, _ratings(rated, webhook_id, inventory, of_new_tickets=wanted, choices=ratings.choices)))
    steps = [
        _webhook_step(webhook, inventory),
        *(_trigger_step(*pair, inventory) for pair in pairs),
        *_removals_of_triggers(inventory, but=(trigger, asked, rated)),
        *(_removal_of_webhook(hook, inventory) for hook in others if not inventory.callers(hook)),
    ]
    told = [remarks.in_use(hook, inventory.callers(hook)) for hook in others if inventory.callers(hook)]
    if webhook is not None:
        told += remarks.on_other_callers(inventory, webhook, besides=(trigger, asked, rated))
    told += remarks.on_what_stays(inventory, besides=webhook)
    if not chosen and on_demand is None:
        told.append(remarks.LEFT_OUT)
    return Plan(
        steps=tuple(step for step in steps if step is not None),
        remarks=tuple(map(printable, told)),
        webhook=webhook,
    )


def plan_uninstall(account: Account, *, endpoint: str) -> Plan:
    """The steps to none of ours: triggers first, for Zendesk keeps a webhook that a trigger calls."""
    inventory = Inventory(account, endpoint)
    kept = [hook for hook in inventory.webhooks if inventory.callers(hook) and inventory.is_all_ours(hook, "webhook")]
    steps = _removals_of_triggers(inventory)
    steps += [_removal_of_webhook(hook, inventory) for hook in inventory.webhooks if hook not in kept]
    told = [remarks.in_use(hook, inventory.callers(hook)) for hook in kept] + remarks.on_copies(inventory)
    return Plan(steps=tuple(steps), remarks=tuple(map(printable, told)), webhook=first(kept))


def _chosen_webhook(inventory: Inventory, trigger: Trigger | None) -> Webhook | None:
    """The webhook that stays: the one that our trigger calls, else the oldest; one of ours before any other."""
    here = [hook for hook in inventory.webhooks if inventory.is_here(hook)]
    candidates = here or inventory.webhooks or inventory.adoptable_webhooks
    called = [hook for hook in candidates if trigger is not None and hook.id in trigger.calls]
    return first(called or candidates)


def _of_ratings(inventory: Inventory, ratings: Ratings) -> Trigger | None:
    """The trigger for ratings that stays: one of ours, and when it is asked for, also one that was made by hand."""
    if ratings.wanted is False:
        return None
    return first(inventory.ratings) or (first(inventory.adoptable_ratings) if ratings.wanted else None)


def _webhook_step(webhook: Webhook | None, inventory: Inventory) -> Step | None:
    body: dict[str, Any] = {
        "status": "active",
        "endpoint": inventory.endpoint,
        "http_method": "POST",
        "request_format": "json",
        "description": described(webhook, "webhook", inventory),
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


@dataclass(frozen=True, kw_only=True)
class _Wanted:
    """What a trigger of ours should be; `actions` are those of ours."""

    kind: Kind
    description: str
    conditions: Conditions
    actions: tuple[Action, ...]


def _for_new_tickets(
    trigger: Trigger | None, webhook_id: str, inventory: Inventory, *, wanted: Conditions, on_demand: bool
) -> _Wanted:
    return _Wanted(
        kind="trigger",
        description=with_choice(described(trigger, "trigger", inventory), on_demand=on_demand),
        conditions=wanted,
        actions=(notify(webhook_id, "trigger"),),
    )


def _on_demand(
    trigger: Trigger | None, webhook_id: str, inventory: Inventory, *, of_new_tickets: Conditions
) -> _Wanted:
    """It takes the tag off by itself, so that it does not fire again upon the next change."""
    kind: Kind = "on-demand trigger"
    present = trigger.conditions if trigger else None
    return _Wanted(
        kind=kind,
        description=described(trigger, kind, inventory),
        conditions=conditions.wanted_on_demand(present, of_new_tickets=of_new_tickets),
        actions=(notify(webhook_id, kind), TAKE_TAG_OFF),
    )


def _ratings(
    trigger: Trigger | None, webhook_id: str, inventory: Inventory, *, of_new_tickets: Conditions, choices: Choices
) -> _Wanted:
    kind: Kind = "ratings trigger"
    present = trigger.conditions if trigger else None
    return _Wanted(
        kind=kind,
        description=described(trigger, kind, inventory),
        conditions=rating_conditions.wanted(present, of_new_tickets=of_new_tickets, choices=choices),
        actions=(notify(webhook_id, kind),),
    )


def _trigger_step(trigger: Trigger | None, wanted: _Wanted, inventory: Inventory) -> Step | None:
    """The step to a trigger that is as wanted, with the actions of others that it has."""
    kind = wanted.kind
    body: dict[str, Any] = {"active": True, "description": wanted.description}
    if trigger is None:
        new = {"title": NAMES[kind], "conditions": wanted.conditions.as_json(), "actions": list(wanted.actions)}
        return Step(action="create", kind=kind, name=NAMES[kind], body=new | body, conditions=wanted.conditions)
    others = [action for action in trigger.actions if not inventory.is_replaceable(action, kind)]
    body = {name: value for name, value in body.items() if getattr(trigger, name) != value}
    present = [action for action in trigger.actions if action not in others]
    right = wanted.conditions == trigger.conditions and present == list(wanted.actions)
    if right and not body:
        return None
    # Zendesk replaces both lists whole, or drops the one that is not sent.
    changes = {} if right else {"conditions": wanted.conditions.as_json(), "actions": [*others, *wanted.actions]}
    return Step(
        action="change",
        kind=kind,
        name=trigger.name,
        id=trigger.id,
        body=body | changes,
        conditions=None if wanted.conditions == trigger.conditions else wanted.conditions,
        takes_over=not inventory.is_ours(trigger),
    )


def _removals_of_triggers(inventory: Inventory, *, but: Sequence[Trigger | None] = ()) -> list[Step]:
    """The removal of every trigger of ours, but for those that stay."""
    kinds: Mapping[Kind, Sequence[Trigger]] = {
        "trigger": inventory.triggers,
        "on-demand trigger": inventory.on_demand,
        "ratings trigger": inventory.ratings,
    }
    return [
        _removal_of_trigger(own, kind, inventory)
        for kind, triggers in kinds.items()
        for own in triggers
        if not any(own is kept for kept in but)
    ]


def _removal_of_trigger(trigger: Trigger, kind: Kind, inventory: Inventory) -> Step:
    """Delete a trigger of ours; when it carries more than ours, take our actions and our mark out."""
    if inventory.is_all_ours(trigger, kind):
        return Step(action="delete", kind=kind, name=trigger.name, id=trigger.id)
    others = [action for action in trigger.actions if not inventory.is_our_action(action, kind)]
    body: dict[str, Any] = {"description": without_mark(trigger, kind)}
    # Zendesk has no trigger without an action, and replaces both lists whole.
    body |= {"conditions": trigger.conditions.as_json(), "actions": others} if others else {"active": False}
    return Step(action="change", kind=kind, name=trigger.name, id=trigger.id, body=body, lets_go=True)


def _removal_of_webhook(webhook: Webhook, inventory: Inventory) -> Step:
    """Delete a webhook of ours; when it carries more than ours, take our mark out."""
    if inventory.is_all_ours(webhook, "webhook"):
        return Step(action="delete", kind="webhook", name=webhook.name, id=webhook.id)
    body = {"description": without_mark(webhook, "webhook")}
    return Step(action="change", kind="webhook", name=webhook.name, id=webhook.id, body=body, lets_go=True)
