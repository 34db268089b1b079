"""What of an account is ours, what could be, and what is near (pure).

Names are not unique in Zendesk, and admins change them. Ours are recognised by a mark in their description, which
names the endpoint and the object's own id. Two installations in one account (say, staging) leave each other alone, and
a copy, which takes the mark along but has another id, is not ours. An id is known only after something was made: it is
made with a mark without one, and the next step writes the id into it. Should a run end in between, what has such a mark
and is word for word as we make it is ours all the same, and the next run goes on with it.
"""

from __future__ import annotations

from collections.abc import Callable

from integration.zendesk.setup import conditions, rating_conditions, wording
from integration.zendesk.setup.objects import (
    Account,
    Action,
    Item,
    Kind,
    Macro,
    Trigger,
    Webhook,
    called,
    oldest_first,
    payloads_for,
)
from integration.zendesk.setup.wording import ADD_TAG, NAMES, PAYLOADS, TAKE_TAG_OFF, Mark, marks, own_words
from integration.zendesk.webhook import normalised_endpoint


class Inventory:
    """What of an account is ours, what could be, and what is near."""

    def __init__(self, account: Account, endpoint: str) -> None:
        self.endpoint = endpoint
        self._endpoint = normalised_endpoint(endpoint)
        self.account = account
        fit = [hook for hook in account.webhooks if hook.for_triggers]
        self.webhooks = oldest_first(hook for hook in fit if self._is_ours(hook, "webhook"))
        self.adoptable_webhooks = oldest_first(
            hook for hook in fit if self.is_here(hook) and self._is_nobodys(hook) and hook not in self.webhooks
        )
        self._near = {hook.id for hook in (*self.webhooks, *self.adoptable_webhooks)}
        self._there = {hook.id for hook in account.webhooks}
        self.triggers = oldest_first(trigger for trigger in account.triggers if self._is_ours(trigger, "trigger"))
        self.on_demand = oldest_first(
            trigger for trigger in account.triggers if self._is_ours(trigger, "on-demand trigger")
        )
        self.ratings = oldest_first(
            trigger for trigger in account.triggers if self._is_ours(trigger, "ratings trigger")
        )
        strange = [
            trigger
            for trigger in account.triggers
            if self._is_nobodys(trigger)
            and trigger not in (*self.triggers, *self.on_demand, *self.ratings)
            and trigger.calls & self._near
        ]
        self.adoptable_on_demand = oldest_first(
            trigger for trigger in strange if self._sends(trigger, wording.asks_on_demand)
        )
        self.adoptable_ratings = oldest_first(
            trigger for trigger in strange if self._sends(trigger, wording.tells_of_ratings)
        )
        self.adoptable_triggers = oldest_first(
            trigger
            for trigger in strange
            if trigger not in (*self.adoptable_on_demand, *self.adoptable_ratings)
            and conditions.fires_on_creation(trigger.conditions)
        )
        self.macros = oldest_first(macro for macro in account.macros if self._is_ours(macro, "macro"))

    def is_here(self, webhook: Webhook) -> bool:
        """Whether a webhook leads to our endpoint."""
        return normalised_endpoint(webhook.endpoint) == self._endpoint

    def _sends(self, trigger: Trigger, wanted: Callable[[object], bool]) -> bool:
        """Whether all that a trigger sends us is of one kind."""
        bodies = [body for near in sorted(trigger.calls & self._near) for body in payloads_for(trigger, near)]
        return bool(bodies) and all(map(wanted, bodies))

    def _is_ours(self, item: Item, kind: Kind) -> bool:
        """Whether it carries our mark with its own id, or is as we make it and has not got its id yet."""
        ids = self._marked_ids(item, kind)
        return item.id in ids or (ids == [""] and self._is_as_made(item, kind))

    def is_ours(self, item: Item) -> bool:
        """Whether it is one of ours, of whatever kind."""
        return item in (*self.webhooks, *self.triggers, *self.on_demand, *self.ratings, *self.macros)

    def is_bound(self, item: Item, kind: Kind) -> bool:
        """Whether our mark on it names its own id."""
        return item.id in self._marked_ids(item, kind)

    def is_copy(self, item: Item) -> bool:
        """Whether it carries the mark of another object of ours."""
        return any(mark.own not in ("", item.id) for mark in self._our_marks(item)) and not self.is_ours(item)

    def _is_nobodys(self, item: Item) -> bool:
        """Whether it carries no mark that tells whose it is."""
        return all(mark.endpoint == self._endpoint and not mark.own for mark in marks(item))

    def _our_marks(self, item: Item) -> list[Mark]:
        return [mark for mark in marks(item) if mark.endpoint == self._endpoint]

    def _marked_ids(self, item: Item, kind: Kind) -> list[str]:
        """The ids that our marks on it name; "" for one without an id."""
        return [mark.own for mark in self._our_marks(item) if mark.is_of(kind)]

    def _is_as_made(self, item: Item, kind: Kind) -> bool:
        if item.name != NAMES[kind]:
            return False
        if not isinstance(item, Trigger):
            return self.is_all_ours(item, kind)
        calls = [action for action in item.actions if called(action) is not None]
        rest = [action for action in item.actions if called(action) is None]
        return (
            all(action["value"][1:] == [PAYLOADS[kind]] for action in calls)
            and rest == ([TAKE_TAG_OFF] if kind == "on-demand trigger" else [])
            and self._only_our_conditions(item, kind)
            and own_words(item) == wording.made(kind)
        )

    def is_all_ours(self, item: Item, kind: Kind) -> bool:
        """Whether it was made by us and carries nothing of anybody else's: such a one may be deleted."""
        if len(marks(item)) != 1 or own_words(item) != wording.made(kind):
            return False
        match item:
            case Webhook():
                return self.is_here(item)
            case Macro():
                return all(self.is_our_action(action, kind) for action in item.actions)
            case Trigger():
                return self._only_our_conditions(item, kind) and all(
                    self.is_our_action(action, kind) for action in item.actions
                )

    @staticmethod
    def _only_our_conditions(trigger: Trigger, kind: Kind) -> bool:
        if kind == "on-demand trigger":
            return conditions.only_ours_on_demand(trigger.conditions)
        if kind == "ratings trigger":
            return rating_conditions.only_ours(trigger.conditions)
        return conditions.only_ours(trigger.conditions)

    def is_our_action(self, action: Action, kind: Kind) -> bool:
        """Whether an action is ours: it calls our endpoint, or a webhook that is gone with our text, or asks by tag."""
        if kind == "macro":
            return action == ADD_TAG
        webhook_id = called(action)
        if webhook_id is None:
            return kind == "on-demand trigger" and action == TAKE_TAG_OFF
        if webhook_id in self._near:
            return True
        return webhook_id not in self._there and action["value"][1:] == [PAYLOADS[kind]]

    def callers(self, webhook: Webhook) -> list[Trigger]:
        """The triggers that are not ours and call a webhook."""
        return [caller for caller in self.account.triggers if webhook.id in caller.calls and not self.is_ours(caller)]

    def is_replaceable(self, action: Action, kind: Kind) -> bool:
        """Whether an action of our trigger calls a webhook that is gone, or is one of ours: ours replaces it."""
        webhook_id = called(action)
        if webhook_id is None:
            return kind == "on-demand trigger" and action == TAKE_TAG_OFF
        return webhook_id in self._near or webhook_id not in self._there

    def is_of_another_installation(self, webhook: Webhook) -> bool:
        """Whether it carries marks, and none of them is ours."""
        return bool(marks(webhook)) and not self._our_marks(webhook)


def described(present: Item | None, kind: Kind, inventory: Inventory) -> str:
    """The description with our mark in it: the present one when it has it; a new one's has no id yet."""
    if present is None:
        return f"{wording.made(kind)} {wording.mark(kind, inventory.endpoint)}"
    if inventory.is_bound(present, kind):
        return present.description
    ours = inventory.is_ours(present)
    words = wording.made(kind) if ours else wording.without_mark(present, kind) or wording.taken_over(kind)
    return f"{words} {wording.mark(kind, inventory.endpoint, present.id)}"
