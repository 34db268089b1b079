"""What of an account is ours, what could be, and what is near (pure).

Names are not unique in Zendesk, and admins change them. Ours are recognised by a mark in their description, which
names the endpoint and the object's own id. Two installations in one account (say, staging) leave each other alone, and
a copy, which takes the mark along but has another id, is not ours. An id is known only after something was made: it is
made with a mark without one, and the next step writes the id into it. Should a run end in between, what has such a mark
and is word for word as we make it is ours all the same, and the next run goes on with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from integration.zendesk.setup import conditions
from integration.zendesk.setup.objects import Account, Kind, Trigger, Webhook, called, oldest_first
from integration.zendesk.webhook import normalised_endpoint

PAYLOAD: Final = (
    '{"ticket_id": "{{ticket.id}}", "requester_email": "{{ticket.requester.email}}", '
    '"requester_external_id": "{{ticket.requester.external_id}}"}'
)
"""The trigger's body. `ticket_id` is first: a quote in what follows breaks the JSON, and then its start is believed."""

NAMES: Final = {"webhook": "Highlights", "trigger": "Highlights: tell of new tickets"}
_MARK: Final = re.compile(r"\[helpdesk-highlights (\S+)(?: id=([\w-]+))?\]")
_MADE: Final = "Made by `python -m integration install`, which knows its {} by"
_TAKEN_OVER: Final = "Taken over by `python -m integration install`, which knows its {} by"


class Inventory:
    """What of an account is ours, what could be, and what is near."""

    def __init__(self, account: Account, endpoint: str) -> None:
        self._endpoint = normalised_endpoint(endpoint)
        self.account = account
        fit = [hook for hook in account.webhooks if hook.for_triggers]
        self.webhooks = oldest_first(hook for hook in fit if self._is_ours(hook))
        self.adoptable_webhooks = oldest_first(
            hook for hook in fit if self.is_here(hook) and self._is_nobodys(hook) and hook not in self.webhooks
        )
        self.triggers = oldest_first(trigger for trigger in account.triggers if self._is_ours(trigger))
        near = {hook.id for hook in (*self.webhooks, *self.adoptable_webhooks)}
        self.adoptable_triggers = oldest_first(
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
            return item.name == NAMES["webhook"] and self.is_here(item) and self.is_all_ours(item)
        payloads = [action["value"][1:] for action in item.actions if called(action) is not None]
        return (
            item.name == NAMES["trigger"]
            and payloads == [[PAYLOAD]] * len(item.actions)
            and conditions.only_ours(item.conditions)
            and own_words(item) == _MADE.format("trigger")
        )

    def is_all_ours(self, item: Webhook | Trigger) -> bool:
        """Whether it was made by us and carries nothing of anybody else's: such a one may be deleted."""
        if len(_MARK.findall(item.description)) != 1:
            return False
        if isinstance(item, Webhook):
            return self.is_here(item) and own_words(item) == _MADE.format("webhook")
        return (
            own_words(item) == _MADE.format("trigger")
            and conditions.only_ours(item.conditions)
            and all(self.tells_us(action) for action in item.actions)
        )

    def tells_us(self, action: Mapping[str, Any]) -> bool:
        """Whether an action is ours: it calls our endpoint, or sends our text to a webhook that is gone."""
        webhook_id = called(action)
        if webhook_id is None or webhook_id in {hook.id for hook in (*self.webhooks, *self.adoptable_webhooks)}:
            return webhook_id is not None
        return webhook_id not in {hook.id for hook in self.account.webhooks} and action["value"][1:] == [PAYLOAD]

    def callers(self, webhook: Webhook) -> list[Trigger]:
        """The triggers that are not ours and call a webhook."""
        return [
            caller for caller in self.account.triggers if webhook.id in caller.calls and caller not in self.triggers
        ]

    def is_replaceable(self, action: Mapping[str, Any]) -> bool:
        """Whether an action of our trigger calls a webhook that is gone, or one of ours: ours replaces it."""
        webhook_id = called(action)
        near = {hook.id for hook in (*self.webhooks, *self.adoptable_webhooks)}
        there = {hook.id for hook in self.account.webhooks}
        return webhook_id is not None and (webhook_id in near or webhook_id not in there)

    def is_of_another_installation(self, webhook: Webhook) -> bool:
        """Whether it carries marks, and none of them is ours."""
        return _MARK.search(webhook.description) is not None and not self._marked_ids(webhook)


def described(present: Webhook | Trigger | None, kind: Kind, inventory: Inventory, endpoint: str) -> str:
    """The description with our mark in it: the present one when it has it; a new one's has no id yet."""
    if present is None:
        return f"{_MADE.format(kind)} [helpdesk-highlights {endpoint}]"
    if inventory.is_bound(present):
        return present.description
    ours = present in inventory.webhooks or present in inventory.triggers
    words = _MADE.format(kind) if ours else without_mark(present, kind) or _TAKEN_OVER.format(kind)
    return f"{words} [helpdesk-highlights {endpoint} id={present.id}]"


def without_mark(item: Webhook | Trigger, kind: Kind) -> str:
    """A description without all that we wrote into it."""
    words = own_words(item)
    for ours in (_MADE, _TAKEN_OVER):
        words = words.replace(ours.format(kind), "").strip()
    return words


def own_words(item: Webhook | Trigger) -> str:
    """A description without our marks."""
    return _MARK.sub("", item.description).strip()
