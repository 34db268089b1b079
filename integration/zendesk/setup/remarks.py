"""What an admin should know of what is left alone in Zendesk, in words (pure)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from integration.zendesk.setup.inventory import Inventory
from integration.zendesk.setup.objects import Trigger, Webhook

LEFT_OUT: Final = "No trigger for highlights on demand is made, as it was chosen before: --on-demand makes it."


def on_what_stays(inventory: Inventory, *, besides: Webhook | None) -> list[str]:
    """What an admin should know of webhooks that stay as they are, and of copies of ours."""
    told = on_copies(inventory)
    for webhook in inventory.account.webhooks:
        if webhook is besides or inventory.is_copy(webhook):
            continue
        which = f'The webhook "{webhook.name}" ({webhook.id})'
        if inventory.is_here(webhook) and webhook not in inventory.webhooks:
            told.append(
                f"{which} has the same endpoint; it was not made by this command "
                "and stays. When a trigger or an event uses it, Zendesk delivers tickets twice."
            )
        elif webhook in inventory.webhooks and not inventory.is_here(webhook):
            told.append(f"{which} carries our mark but calls {webhook.endpoint}; it stays as it is.")
        elif inventory.is_of_another_installation(webhook):
            told.append(
                f"{which} belongs to another installation, for {webhook.endpoint}. "
                "If that one is no longer used, run `uninstall` with its PUBLIC_URL."
            )
    return told


def on_copies(inventory: Inventory) -> list[str]:
    """What an admin should know of copies of ours."""
    told = []
    for webhook in filter(inventory.is_copy, inventory.account.webhooks):
        twice = " When a trigger calls it, Zendesk delivers tickets twice." if inventory.is_here(webhook) else ""
        told.append(f'The webhook "{webhook.name}" ({webhook.id}) is a copy of ours and stays as it is.{twice}')
    for trigger in filter(inventory.is_copy, inventory.account.triggers):
        ours = trigger.calls & {hook.id for hook in inventory.webhooks}
        twice = " It calls our webhook, so that Zendesk delivers tickets twice." if ours else ""
        told.append(f'The trigger "{trigger.name}" ({trigger.id}) is a copy of ours and stays as it is.{twice}')
    return told


def on_other_callers(inventory: Inventory, webhook: Webhook, *, besides: Sequence[Trigger | None]) -> list[str]:
    """What an admin should know of triggers that call our webhook, too."""
    return [
        f'The trigger "{caller.name}" ({caller.id}) calls the webhook too; it was not made by this command and stays.'
        for caller in inventory.callers(webhook)
        if not any(caller is known for known in besides) and not inventory.is_copy(caller)
    ]


def in_use(webhook: Webhook, callers: Sequence[Trigger]) -> str:
    """What an admin should know of a webhook of ours that cannot be deleted."""
    names = ", ".join(f'"{caller.name}" ({caller.id})' for caller in callers)
    return f'The webhook "{webhook.name}" ({webhook.id}) stays, for triggers call it that are not ours: {names}.'
