"""What our webhook and our trigger in Zendesk should be, and the steps that lead there (pure).

Names are not unique in Zendesk, and admins change them. Ours are recognised by a mark in their description, which
names the endpoint: two installations in one account (say, staging) leave each other alone. What points to our endpoint
without the mark was made by hand: it is taken over when there is none of ours, and only with consent.

Of several of ours, left by runs that were interrupted or ran at once, the oldest trigger and the webhook that it calls
stay. Every run decides the same from the same lists, so runs at once agree.
https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/
https://developer.zendesk.com/api-reference/ticketing/business-rules/triggers/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeVar

from integration.zendesk import conditions
from integration.zendesk.conditions import Choices, Conditions, Filters, printable
from integration.zendesk.webhook import place

Kind = Literal["webhook", "trigger"]

PAYLOAD: Final = (
    '{"ticket_id": "{{ticket.id}}", "requester_email": "{{ticket.requester.email}}", '
    '"requester_external_id": "{{ticket.requester.external_id}}"}'
)
"""The trigger's body. `ticket_id` is first: a quote in what follows breaks the JSON, and then its start is believed."""

FOR_TRIGGERS: Final = "conditional_ticket_events"

_NAMES: Final = {"webhook": "Highlights", "trigger": "Highlights: tell of new tickets"}
_NOTIFY: Final = "notification_webhook"
_MARK: Final = re.compile(r"\[helpdesk-highlights (\S+)\]")


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """A webhook, as far as we care."""

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
    """A trigger, as far as we care."""

    id: str
    name: str
    description: str
    active: bool
    conditions: Conditions
    actions: tuple[Mapping[str, Any], ...]
    created_at: str

    @property
    def calls(self) -> set[str]:
        """The ids of the webhooks that it calls."""
        return {called for each in self.actions if (called := _called(each)) is not None}


T = TypeVar("T", Webhook, Trigger)


@dataclass(frozen=True, kw_only=True)
class Account:
    """What there is in an account."""

    webhooks: tuple[Webhook, ...] = ()
    triggers: tuple[Trigger, ...] = ()


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
    known = _Known(account, endpoint)
    trigger = _first(known.triggers) or _first(known.adoptable_triggers)
    webhook = _chosen_webhook(known, trigger)
    others = [each for each in known.webhooks if each is not webhook]
    steps = [
        _webhook_step(webhook, endpoint),
        _trigger_step(trigger, webhook, known, endpoint=endpoint, filters=filters),
        *(_deletion("trigger", each) for each in known.triggers if each is not trigger),
        *(_deletion("webhook", each) for each in others if not known.callers(each)),
    ]
    remarks = [_in_use(each, known.callers(each)) for each in others if known.callers(each)]
    if webhook is not None:
        remarks += [
            f'The trigger "{each.name}" ({each.id}) calls the webhook too; it was not made by this command and stays.'
            for each in known.callers(webhook)
            if each is not trigger
        ]
    remarks += known.remarks(besides=webhook)
    return Plan(
        steps=tuple(each for each in steps if each is not None),
        remarks=tuple(map(printable, remarks)),
        webhook=webhook,
    )


def plan_uninstall(account: Account, *, endpoint: str) -> Plan:
    """The steps to none of ours: triggers first, for Zendesk keeps a webhook that a trigger calls."""
    known = _Known(account, endpoint)
    steps = [_deletion("trigger", each) for each in known.triggers]
    steps += [_deletion("webhook", each) for each in known.webhooks if not known.callers(each)]
    remarks = [_in_use(each, known.callers(each)) for each in known.webhooks if known.callers(each)]
    kept = next((each for each in known.webhooks if known.callers(each)), None)
    return Plan(steps=tuple(steps), remarks=tuple(map(printable, remarks)), webhook=kept)


def in_words(step: Step, choices: Choices) -> list[str]:
    """A step as a person reads it: a line, and its details."""
    which = f'the {step.kind} "{step.name}"' + (f" ({step.id})" if step.id else "")
    if step.action == "change":
        lines = [f"{'take over' if step.takes_over else 'change'} {which}: {_changes(step.body)}"]
    else:
        lines = [f"{step.action} {which}"]
    if step.conditions is not None:
        told = conditions.in_words(step.conditions, choices)
        lines += [f"  {'and' if n else 'when'} {each}" for n, each in enumerate(told)]
    return [printable(each) for each in lines]


class _Known:
    """What of an account is ours, what could be, and what is near."""

    def __init__(self, account: Account, endpoint: str) -> None:
        self._place = place(endpoint)
        self._account = account
        fit = [each for each in account.webhooks if each.for_triggers]
        self.webhooks = _oldest_first(each for each in fit if self._marked(each))
        self.adoptable_webhooks = _oldest_first(
            each for each in fit if place(each.endpoint) == self._place and not self._marked(each)
        )
        self.triggers = _oldest_first(each for each in account.triggers if self._marked(each))
        near = {each.id for each in (*self.webhooks, *self.adoptable_webhooks)}
        self.adoptable_triggers = _oldest_first(
            each
            for each in account.triggers
            if not _MARK.search(each.description)
            and each.calls & near
            and conditions.fires_on_creation(each.conditions)
        )

    def _marked(self, each: Webhook | Trigger) -> bool:
        return any(place(found) == self._place for found in _MARK.findall(each.description))

    def callers(self, webhook: Webhook) -> list[Trigger]:
        """The triggers that are not ours and call a webhook."""
        return [each for each in self._account.triggers if webhook.id in each.calls and each not in self.triggers]

    def calls_in_vain_or_us(self, action: Mapping[str, Any]) -> bool:
        """Whether an action of our trigger calls a webhook that is gone, or one of ours, whichever."""
        called = _called(action)
        near = {each.id for each in (*self.webhooks, *self.adoptable_webhooks)}
        there = {each.id for each in self._account.webhooks}
        return called is not None and (called in near or called not in there)

    def remarks(self, *, besides: Webhook | None) -> list[str]:
        """What an admin should know of the webhooks that are left alone."""
        told = []
        for each in self._account.webhooks:
            here, marked = place(each.endpoint) == self._place, _MARK.search(each.description)
            if here and not self._marked(each) and each is not besides:
                told.append(
                    f'The webhook "{each.name}" ({each.id}) has the same endpoint; it was not made by this command '
                    "and stays. When a trigger or an event uses it, Zendesk tells of tickets twice."
                )
            elif marked and not here and not self._marked(each):
                told.append(
                    f'The webhook "{each.name}" ({each.id}) belongs to another installation, for {each.endpoint}. '
                    "When that is no more: run `uninstall` with its PUBLIC_URL."
                )
        return told


def _chosen_webhook(known: _Known, trigger: Trigger | None) -> Webhook | None:
    """The webhook that stays: the one that our trigger calls, else the oldest; one of ours before any other."""
    candidates = known.webhooks or known.adoptable_webhooks
    called = [each for each in candidates if trigger is not None and each.id in trigger.calls]
    return _first(called or candidates)


def _webhook_step(webhook: Webhook | None, endpoint: str) -> Step | None:
    body: dict[str, Any] = {
        "status": "active",
        "endpoint": endpoint,
        "http_method": "POST",
        "request_format": "json",
        "description": _described(webhook, "webhook", endpoint),
    }
    if webhook is None:
        new = {"name": _NAMES["webhook"], "subscriptions": [FOR_TRIGGERS]}
        return Step(action="create", kind="webhook", name=_NAMES["webhook"], body=new | body)
    body = {name: value for name, value in body.items() if getattr(webhook, name) != value}
    if not body:
        return None
    return Step(
        action="change",
        kind="webhook",
        name=webhook.name,
        id=webhook.id,
        body=body,
        takes_over="description" in body,
    )


def _trigger_step(
    trigger: Trigger | None, webhook: Webhook | None, known: _Known, *, endpoint: str, filters: Filters | None
) -> Step | None:
    wanted = conditions.wanted(trigger.conditions if trigger else None, filters)
    notify = {"field": _NOTIFY, "value": [webhook.id if webhook else "", PAYLOAD]}
    body: dict[str, Any] = {"active": True, "description": _described(trigger, "trigger", endpoint)}
    if trigger is None:
        new = {"title": _NAMES["trigger"], "conditions": wanted.as_json(), "actions": [notify]}
        return Step(action="create", kind="trigger", name=_NAMES["trigger"], body=new | body, conditions=wanted)
    others = [each for each in trigger.actions if not known.calls_in_vain_or_us(each)]
    body = {name: value for name, value in body.items() if getattr(trigger, name) != value}
    right = wanted == trigger.conditions and [notify] == [each for each in trigger.actions if each not in others]
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
        takes_over="description" in body,
    )


def _deletion(kind: Kind, each: Webhook | Trigger) -> Step:
    return Step(action="delete", kind=kind, name=each.name, id=each.id)


def _described(present: Webhook | Trigger | None, kind: Kind, endpoint: str) -> str:
    """The description with our mark in it: the present one when it has it."""
    text = present.description if present else ""
    if any(place(found) == place(endpoint) for found in _MARK.findall(text)):
        return text
    text = _MARK.sub("", text).strip()
    mark = f"[helpdesk-highlights {endpoint}]"
    return f"{text} {mark}" if text else f"Made by `python -m integration install`, which knows its {kind} by {mark}"


def _changes(body: Mapping[str, Any]) -> str:
    """Which attributes a change is about."""
    named = {
        "status": "switch it on",
        "active": "switch it on",
        "endpoint": "its endpoint",
        "http_method": "its method",
        "request_format": "its format",
        "description": "our mark in its description",
        "conditions": "its conditions and actions",
    }
    return ", ".join(dict.fromkeys(text for name, text in named.items() if name in body))


def _in_use(webhook: Webhook, callers: Sequence[Trigger]) -> str:
    names = ", ".join(f'"{each.name}" ({each.id})' for each in callers)
    return f'The webhook "{webhook.name}" ({webhook.id}) stays, for triggers call it that are not ours: {names}.'


def payloads_for(trigger: Trigger, webhook_id: str) -> list[Any]:
    """What a trigger sends to a webhook: a text for each of its actions that call it."""
    return [each["value"][1] for each in trigger.actions if _called(each) == webhook_id and len(each["value"]) > 1]


def _called(action: Mapping[str, Any]) -> str | None:
    """The id of the webhook that an action calls."""
    value = action.get("value")
    if action.get("field") != _NOTIFY or not isinstance(value, list) or not value:
        return None
    return str(value[0])


def _oldest_first(found: Iterable[T]) -> list[T]:
    return sorted(found, key=lambda each: (each.created_at, len(each.id), each.id))


def _first(found: Sequence[T]) -> T | None:
    return found[0] if found else None
