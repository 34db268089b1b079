"""Checks of Zendesk. Who we are there comes first: without that, nothing else can be asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from integration.errors import RemoteError
from integration.findings import Outcome, Result, skipped
from integration.settings import Settings
from integration.zendesk.checks import catalogue
from integration.zendesk.checks import user as zendesk_user
from integration.zendesk.checks.missed import MISSED, missed_tickets
from integration.zendesk.checks.user import CheckSession
from integration.zendesk.checks.webhook import WEBHOOK, of_webhook, without_webhook
from integration.zendesk.settings import ZendeskSettings

_NEEDS_A_USER: Final = (zendesk_user.SCOPES, zendesk_user.NOTES, WEBHOOK)


def of_zendesk(settings: Settings, *, tells_ratings: bool, clock: Callable[[], float]) -> Iterator[Result]:
    """Every check of Zendesk. `tells_ratings`: there is a place where messages about ratings go."""
    session = CheckSession(settings.of(ZendeskSettings))
    try:
        user = session.fetch("users/me", "user")
    except RemoteError as error:
        yield zendesk_user.unknown(error, settings)
        yield skipped(zendesk_user.CLOCK, "Zendesk could not be asked")
        yield from _without_user("Zendesk could not be asked", settings)
        return
    skew = zendesk_user.clock_skew(session.last_headers, now=clock())
    acting = zendesk_user.acts_as(user, settings)
    yield acting
    yield skew
    if acting.outcome is not Outcome.OK:
        yield from _without_user("these credentials act as no user of Zendesk", settings)
        return
    yield zendesk_user.scopes(session, settings)
    yield zendesk_user.may_write_notes(user, zendesk_user.custom_role(session, user))
    yield from of_webhook(settings, is_admin=user.get("role") == "admin", tells_ratings=tells_ratings, clock=clock)
    yield missed_tickets(settings, now=clock())
    yield from catalogue.of_what_settings_name(session, settings)


def _without_user(why: str, settings: Settings) -> Iterator[Result]:
    yield from (skipped(name, why) for name in _NEEDS_A_USER)
    yield from without_webhook(why, settings)
    yield skipped(MISSED, why)
    yield from catalogue.without_user(why, settings)
