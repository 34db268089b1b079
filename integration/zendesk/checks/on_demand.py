"""The trigger that asks for highlights when the tag is added: whether it is there, and as `install` makes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from integration.findings import Result, ok, skipped, warning
from integration.safe_text import named
from integration.zendesk.checks.trigger_body import fault_of
from integration.zendesk.settings import ON_DEMAND as TAG
from integration.zendesk.setup.conditions import fires_on_demand
from integration.zendesk.setup.inventory import Inventory
from integration.zendesk.setup.objects import Trigger, Webhook, first, payloads_for
from integration.zendesk.setup.wording import TAKE_TAG_OFF, asks_on_demand, leaves_out_on_demand

ON_DEMAND: Final = "on demand"
_INSTALL: Final = "Run `python -m integration install`, which makes it or sets it right (--no-on-demand: does without)."


def on_demand(ours: Webhook, inventory: Inventory) -> Result:
    """What an admin should know of it: the service does without, so nothing fails."""
    if not ours.for_triggers:
        return skipped(ON_DEMAND, "the webhook is subscribed to events, so no trigger can call it")
    known = of_demands(inventory)
    if not known:
        return _missing(first(inventory.triggers))
    wrong = {trigger.id: _wrong(trigger, ours) for trigger in known}
    right = [trigger for trigger in known if not wrong[trigger.id]]
    if not right:
        return warning(ON_DEMAND, f"{named(known[0].name)} {wrong[known[0].id]}", _INSTALL)
    return ok(ON_DEMAND, f"{named(right[0].name)} is active and fires when the tag {TAG} is added")


def of_demands(inventory: Inventory) -> Sequence[Trigger]:
    """The triggers that ask for highlights on demand, ours first."""
    return (*inventory.on_demand, *inventory.adoptable_on_demand)


def _missing(of_new_tickets: Trigger | None) -> Result:
    """Nobody asks on demand; the trigger for new tickets, if `install` made it, knows whether that was chosen."""
    nothing = f"adding the tag {TAG} does nothing"
    if of_new_tickets is None:
        return ok(ON_DEMAND, f"there is no trigger for it, so {nothing}; `install` makes one")
    if leaves_out_on_demand(of_new_tickets.description):
        return ok(ON_DEMAND, f"left out, as `install --no-on-demand` was told: {nothing}")
    return warning(ON_DEMAND, f"the trigger for it is gone, so {nothing}", _INSTALL)


def _wrong(trigger: Trigger, ours: Webhook) -> str:
    """What is wrong with a trigger, as the rest of a sentence; "" when nothing is."""
    if not trigger.active:
        return "is switched off"
    bodies = payloads_for(trigger, ours.id)
    if not bodies:
        return "does not call the webhook"
    if not any(asks_on_demand(body) and fault_of(body) is None for body in bodies):
        return "sends another body than the one that asks for highlights"
    if not fires_on_demand(trigger.conditions):
        return f"has other conditions than that the ticket is updated and has the tag {TAG}"
    if TAKE_TAG_OFF not in trigger.actions:
        return f"does not take the tag {TAG} off: it may fire again"
    return ""
