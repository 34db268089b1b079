"""The trigger that tells of bad ratings: whether it is as `install --ratings` makes it, and whether it is of use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from integration.findings import Result, ok, skipped, warning
from integration.safe_text import named
from integration.zendesk import ratings as bodies
from integration.zendesk.setup import rating_conditions
from integration.zendesk.setup.inventory import Inventory
from integration.zendesk.setup.objects import Trigger, Webhook, payloads_for

RATINGS: Final = "ratings"
_INSTALL: Final = (
    "Run `python -m integration install --ratings`, which makes it or sets it right (--no-ratings: does without)."
)
_SLACK: Final = (
    "Set SLACK_BOT_TOKEN and SLACK_CHANNEL (docs/surveys-and-slack.md), or run `python -m integration install "
    "--no-ratings`."
)


def ratings(ours: Webhook, inventory: Inventory, *, told: bool) -> Result | None:
    """What an admin should know of it; None where nobody wants ratings. `told`: there is a place where they go."""
    known = of_ratings(inventory)
    if not known:
        return _missing(ours) if told else None
    wrong = {trigger.id: _wrong(trigger, ours) for trigger in known}
    right = [trigger for trigger in known if not wrong[trigger.id]]
    if not right:
        return warning(RATINGS, f"{named(known[0].name)} {wrong[known[0].id]}", _INSTALL)
    name = named(right[0].name)
    if not told:
        return warning(RATINGS, f"{name} tells of bad ratings, but Slack is not set up: nobody is told of them", _SLACK)
    return ok(RATINGS, f"{name} is active and fires when a rating becomes bad")


def of_ratings(inventory: Inventory) -> Sequence[Trigger]:
    """The triggers that tell of ratings, ours first."""
    return (*inventory.ratings, *inventory.adoptable_ratings)


def _missing(ours: Webhook) -> Result:
    if not ours.for_triggers:
        return skipped(RATINGS, "the webhook is subscribed to events, so no trigger can call it")
    return ok(RATINGS, "nobody is told how customers rate tickets; `install --ratings` makes the trigger for it")


def _wrong(trigger: Trigger, ours: Webhook) -> str:
    """What is wrong with a trigger, as the rest of a sentence; "" when nothing is."""
    if not trigger.active:
        return "is switched off"
    sent = payloads_for(trigger, ours.id)
    if not sent:
        return "does not call the webhook"
    if not any(map(bodies.is_ours, sent)):
        return "sends another body than the one that tells of a rating"
    if rating_conditions.fires_on_every_update(trigger.conditions):
        return "fires on every update of a ticket that was rated, and not when the rating changes"
    if not rating_conditions.fires_on_bad_ratings(trigger.conditions):
        return (
            "has other conditions than that the ticket is updated and its rating becomes bad, with a comment or without"
        )
    return ""
