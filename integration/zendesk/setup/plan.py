"""What our webhook and our trigger in Zendesk should be, and the steps that lead there (pure).

Names are not unique in Zendesk, and admins change them. Ours are recognised by a mark in their description, which
names the endpoint and the object's own id. Two installations in one account (say, staging) leave each other alone, and
a copy, which takes the mark along but has another id, is not ours. An id is known only after something was made: it is
made with a mark without one, and the next step writes the id into it. Should a run end in between, what has such a mark
and is word for word as we make it is ours all the same, and the next run goes on with it.

What points to our endpoint without a mark was made by hand: it is taken over when there is none of ours, and only with
consent. Only what carries nothing but ours is deleted; of anything else our action and our mark are taken out.

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

from integration.safe_text import printable
from integration.zendesk.setup import conditions
from integration.zendesk.setup.conditions import Choices, Conditions, Filters
from integration.zendesk.webhook import normalised_endpoint

Kind = Literal["webhook", "trigger"]

PAYLOAD: Final = (
    '{"ticket_id": "{{ticket.id}}", "requester_email": "{{ticket.requester.email}}", '
    '"requester_external_id": "{{ticket.requester.external_id}}"}'
)
"""The trigger's body. `ticket_id` is first: a quote in what follows breaks the JSON, and then its start is believed."""

FOR_TRIGGERS: Final = "conditional_ticket_events"

_NAMES: Final = {"webhook": "Highlights", "trigger": "Highlights: tell of new tickets"}
_NOTIFY: Final = "notification_webhook"
_MARK: Final = re.compile(r"\[helpdesk-highlights (\S+)(?: id=([\w-]+))?\]")
_MADE: Final = "Made by `python -m integration install`, which knows its {} by"
_TAKEN_OVER: Final = "Taken over by `python -m integration install`, which knows its {} by"


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
        return {called for action in self.actions if (called := _called(action)) is not None}


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
    known = _Known(account, endpoint)
    trigger = _first(known.triggers) or _first(known.adoptable_triggers)
    webhook = _chosen_webhook(known, trigger)
    others = [hook for hook in known.webhooks if hook is not webhook and known.is_here(hook)]
    steps = [
        _webhook_step(webhook, known, endpoint),
        _trigger_step(trigger, webhook, known, endpoint=endpoint, filters=filters),
        *(_farewell_to_trigger(own, known) for own in known.triggers if own is not trigger),
        *(_farewell_to_webhook(hook, known) for hook in others if not known.callers(hook)),
    ]
    remarks = [_in_use(hook, known.callers(hook)) for hook in others if known.callers(hook)]
    if webhook is not None:
        remarks += [
            f'The trigger "{caller.name}" ({caller.id}) calls the webhook too; '
            "it was not made by this command and stays."
            for caller in known.callers(webhook)
            if caller is not trigger and not known.is_copy(caller)
        ]
    remarks += known.remarks(besides=webhook)
    return Plan(
        steps=tuple(step for step in steps if step is not None),
        remarks=tuple(map(printable, remarks)),
        webhook=webhook,
    )


def plan_uninstall(account: Account, *, endpoint: str) -> Plan:
    """The steps to none of ours: triggers first, for Zendesk keeps a webhook that a trigger calls."""
    known = _Known(account, endpoint)
    kept = [hook for hook in known.webhooks if known.callers(hook) and known.is_all_ours(hook)]
    steps = [_farewell_to_trigger(own, known) for own in known.triggers]
    steps += [_farewell_to_webhook(hook, known) for hook in known.webhooks if hook not in kept]
    remarks = [_in_use(hook, known.callers(hook)) for hook in kept] + known.remarks_on_copies()
    return Plan(steps=tuple(steps), remarks=tuple(map(printable, remarks)), webhook=_first(kept))


def in_words(step: Step, choices: Choices) -> list[str]:
    """A step as a person reads it: a line, and its details."""
    which = f'the {step.kind} "{step.name}"' + (f" ({step.id})" if step.id else "")
    if step.lets_go:
        lines = [f"let go of {which}: {_let_go(step)}"]
    elif step.action == "change":
        lines = [f"{'take over' if step.takes_over else 'change'} {which}: {_changes(step.body)}"]
    else:
        lines = [f"{step.action} {which}"]
    if step.conditions is not None:
        told = conditions.in_words(step.conditions, choices)
        lines += [f"  {'and' if n else 'when'} {line}" for n, line in enumerate(told)]
    return [printable(line) for line in lines]


class _Known:
    """What of an account is ours, what could be, and what is near."""

    def __init__(self, account: Account, endpoint: str) -> None:
        self._endpoint = normalised_endpoint(endpoint)
        self._account = account
        fit = [hook for hook in account.webhooks if hook.for_triggers]
        self.webhooks = _oldest_first(hook for hook in fit if self._is_ours(hook))
        self.adoptable_webhooks = _oldest_first(
            hook for hook in fit if self.is_here(hook) and self._is_nobodys(hook) and hook not in self.webhooks
        )
        self.triggers = _oldest_first(trigger for trigger in account.triggers if self._is_ours(trigger))
        near = {hook.id for hook in (*self.webhooks, *self.adoptable_webhooks)}
        self.adoptable_triggers = _oldest_first(
            trigger
            for trigger in account.triggers
            if self._is_nobodys(trigger)
            and trigger not in self.triggers
            and trigger.calls & near
            and conditions.fires_on_creation(trigger.conditions)
        )

    def is_here(self, webhook: Webhook) -> bool:
        """Whether a webhook leads to our endpoint."""
        return normalised_endpoint(webhook.endpoint) == self._endpoint

    def _is_ours(self, item: Webhook | Trigger) -> bool:
        """Whether it carries our mark with its own id, or is as we make it and has not got its id yet."""
        ids = self._marked_ids(item)
        return item.id in ids or (ids == [""] and self._is_as_made(item))

    def is_bound(self, item: Webhook | Trigger) -> bool:
        """Whether our mark on it names its own id."""
        return item.id in self._marked_ids(item)

    def is_copy(self, item: Webhook | Trigger) -> bool:
        """Whether it carries the mark of another object of ours."""
        return any(own not in ("", item.id) for own in self._marked_ids(item)) and not self._is_ours(item)

    def _is_nobodys(self, item: Webhook | Trigger) -> bool:
        """Whether it carries no mark that tells whose it is."""
        return all(
            normalised_endpoint(address) == self._endpoint and not own
            for address, own in _MARK.findall(item.description)
        )

    def _marked_ids(self, item: Webhook | Trigger) -> list[str]:
        """The ids that our marks on it name; "" for one without an id."""
        return [
            own for address, own in _MARK.findall(item.description) if normalised_endpoint(address) == self._endpoint
        ]

    def _is_as_made(self, item: Webhook | Trigger) -> bool:
        if isinstance(item, Webhook):
            return item.name == _NAMES["webhook"] and self.is_here(item) and self.is_all_ours(item)
        payloads = [action["value"][1:] for action in item.actions if _called(action) is not None]
        return (
            item.name == _NAMES["trigger"]
            and payloads == [[PAYLOAD]] * len(item.actions)
            and conditions.only_ours(item.conditions)
            and _own_words(item) == _MADE.format("trigger")
        )

    def is_all_ours(self, item: Webhook | Trigger) -> bool:
        """Whether it was made by us and carries nothing of anybody else's: such a one may be deleted."""
        if len(_MARK.findall(item.description)) != 1:
            return False
        if isinstance(item, Webhook):
            return self.is_here(item) and _own_words(item) == _MADE.format("webhook")
        return (
            _own_words(item) == _MADE.format("trigger")
            and conditions.only_ours(item.conditions)
            and all(self.tells_us(action) for action in item.actions)
        )

    def tells_us(self, action: Mapping[str, Any]) -> bool:
        """Whether an action is ours: it calls our endpoint, or sends our text to a webhook that is gone."""
        called = _called(action)
        if called is None or called in {hook.id for hook in (*self.webhooks, *self.adoptable_webhooks)}:
            return called is not None
        return called not in {hook.id for hook in self._account.webhooks} and action["value"][1:] == [PAYLOAD]

    def callers(self, webhook: Webhook) -> list[Trigger]:
        """The triggers that are not ours and call a webhook."""
        return [
            caller for caller in self._account.triggers if webhook.id in caller.calls and caller not in self.triggers
        ]

    def calls_in_vain_or_us(self, action: Mapping[str, Any]) -> bool:
        """Whether an action of our trigger calls a webhook that is gone, or one of ours, whichever."""
        called = _called(action)
        near = {hook.id for hook in (*self.webhooks, *self.adoptable_webhooks)}
        there = {hook.id for hook in self._account.webhooks}
        return called is not None and (called in near or called not in there)

    def remarks(self, *, besides: Webhook | None) -> list[str]:
        """What an admin should know of what is left alone."""
        told = self.remarks_on_copies()
        for webhook in self._account.webhooks:
            if webhook is besides or self.is_copy(webhook):
                continue
            which = f'The webhook "{webhook.name}" ({webhook.id})'
            if self.is_here(webhook) and webhook not in self.webhooks:
                told.append(
                    f"{which} has the same endpoint; it was not made by this command "
                    "and stays. When a trigger or an event uses it, Zendesk tells of tickets twice."
                )
            elif webhook in self.webhooks and not self.is_here(webhook):
                told.append(f"{which} carries our mark but calls {webhook.endpoint}; it stays as it is.")
            elif _MARK.search(webhook.description) and not self._marked_ids(webhook):
                told.append(
                    f"{which} belongs to another installation, for {webhook.endpoint}. "
                    "When that is no more: run `uninstall` with its PUBLIC_URL."
                )
        return told

    def remarks_on_copies(self) -> list[str]:
        """What an admin should know of copies of ours."""
        told = []
        for webhook in filter(self.is_copy, self._account.webhooks):
            twice = " When a trigger calls it, Zendesk tells of tickets twice." if self.is_here(webhook) else ""
            told.append(f'The webhook "{webhook.name}" ({webhook.id}) is a copy of ours and stays as it is.{twice}')
        for trigger in filter(self.is_copy, self._account.triggers):
            ours = trigger.calls & {hook.id for hook in self.webhooks}
            twice = " It calls our webhook, so that Zendesk tells of tickets twice." if ours else ""
            told.append(f'The trigger "{trigger.name}" ({trigger.id}) is a copy of ours and stays as it is.{twice}')
        return told


def _chosen_webhook(known: _Known, trigger: Trigger | None) -> Webhook | None:
    """The webhook that stays: the one that our trigger calls, else the oldest; one of ours before any other."""
    here = [hook for hook in known.webhooks if known.is_here(hook)]
    candidates = here or known.webhooks or known.adoptable_webhooks
    called = [hook for hook in candidates if trigger is not None and hook.id in trigger.calls]
    return _first(called or candidates)


def _webhook_step(webhook: Webhook | None, known: _Known, endpoint: str) -> Step | None:
    body: dict[str, Any] = {
        "status": "active",
        "endpoint": endpoint,
        "http_method": "POST",
        "request_format": "json",
        "description": _described(webhook, "webhook", known, endpoint),
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
        takes_over=webhook not in known.webhooks,
    )


def _trigger_step(
    trigger: Trigger | None, webhook: Webhook | None, known: _Known, *, endpoint: str, filters: Filters | None
) -> Step | None:
    wanted = conditions.wanted(trigger.conditions if trigger else None, filters)
    notify = {"field": _NOTIFY, "value": [webhook.id if webhook else "", PAYLOAD]}
    body: dict[str, Any] = {"active": True, "description": _described(trigger, "trigger", known, endpoint)}
    if trigger is None:
        new = {"title": _NAMES["trigger"], "conditions": wanted.as_json(), "actions": [notify]}
        return Step(action="create", kind="trigger", name=_NAMES["trigger"], body=new | body, conditions=wanted)
    others = [action for action in trigger.actions if not known.calls_in_vain_or_us(action)]
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
        takes_over=trigger not in known.triggers,
    )


def _farewell_to_trigger(trigger: Trigger, known: _Known) -> Step:
    """Delete a trigger of ours; when it carries more than ours, take our action and our mark out."""
    if known.is_all_ours(trigger):
        return Step(action="delete", kind="trigger", name=trigger.name, id=trigger.id)
    others = [action for action in trigger.actions if not known.tells_us(action)]
    body: dict[str, Any] = {"description": _without_mark(trigger, "trigger")}
    # Zendesk has no trigger without an action, and replaces both lists whole.
    body |= {"conditions": trigger.conditions.as_json(), "actions": others} if others else {"active": False}
    return Step(action="change", kind="trigger", name=trigger.name, id=trigger.id, body=body, lets_go=True)


def _farewell_to_webhook(webhook: Webhook, known: _Known) -> Step:
    """Delete a webhook of ours; when it carries more than ours, take our mark out."""
    if known.is_all_ours(webhook):
        return Step(action="delete", kind="webhook", name=webhook.name, id=webhook.id)
    body = {"description": _without_mark(webhook, "webhook")}
    return Step(action="change", kind="webhook", name=webhook.name, id=webhook.id, body=body, lets_go=True)


def _described(present: Webhook | Trigger | None, kind: Kind, known: _Known, endpoint: str) -> str:
    """The description with our mark in it: the present one when it has it; a new one's has no id yet."""
    if present is None:
        return f"{_MADE.format(kind)} [helpdesk-highlights {endpoint}]"
    if known.is_bound(present):
        return present.description
    ours = present in known.webhooks or present in known.triggers
    words = _MADE.format(kind) if ours else _without_mark(present, kind) or _TAKEN_OVER.format(kind)
    return f"{words} [helpdesk-highlights {endpoint} id={present.id}]"


def _without_mark(item: Webhook | Trigger, kind: Kind) -> str:
    """A description without all that we wrote into it."""
    words = _own_words(item)
    for ours in (_MADE, _TAKEN_OVER):
        words = words.replace(ours.format(kind), "").strip()
    return words


def _own_words(item: Webhook | Trigger) -> str:
    return _MARK.sub("", item.description).strip()


def _let_go(step: Step) -> str:
    """What is taken out of what is not ours alone."""
    if step.kind == "webhook":
        return "take our mark out of its description; the rest is not ours and stays"
    if "actions" in step.body:
        return "take our action and our mark out; the rest is not ours and stays"
    return "switch it off and take our mark out; it has no other action, and Zendesk has no trigger without one"


def _changes(body: Mapping[str, Any]) -> str:
    """Which attributes a change is about."""
    named = {
        "status": "switch it on",
        "active": "switch it on",
        "endpoint": "its endpoint",
        "http_method": "its method",
        "request_format": "its format",
        "description": "our mark, with its id, in its description",
        "conditions": "its conditions and actions",
    }
    return ", ".join(dict.fromkeys(text for name, text in named.items() if name in body))


def _in_use(webhook: Webhook, callers: Sequence[Trigger]) -> str:
    names = ", ".join(f'"{caller.name}" ({caller.id})' for caller in callers)
    return f'The webhook "{webhook.name}" ({webhook.id}) stays, for triggers call it that are not ours: {names}.'


def payloads_for(trigger: Trigger, webhook_id: str) -> list[Any]:
    """What a trigger sends to a webhook: a text for each of its actions that call it."""
    return [
        action["value"][1] for action in trigger.actions if _called(action) == webhook_id and len(action["value"]) > 1
    ]


def _called(action: Mapping[str, Any]) -> str | None:
    """The id of the webhook that an action calls."""
    value = action.get("value")
    if action.get("field") != _NOTIFY or not isinstance(value, list) or not value:
        return None
    return str(value[0])


def _oldest_first(items: Iterable[T]) -> list[T]:
    return sorted(items, key=lambda item: (item.created_at, len(item.id), item.id))


def _first(items: Sequence[T]) -> T | None:
    return items[0] if items else None
