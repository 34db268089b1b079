"""Checks of Zendesk's settings that need no answer from Zendesk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

from integration.findings import Result, failure, ok, warning
from integration.zendesk.settings import ZENDESK_TEST_SECRET, ApiToken, ZendeskSettings

LAST_DAY_OF_API_TOKENS: Final = date(2027, 4, 30)
_OAUTH: Final = (
    "Make an OAuth client (Admin Center > Apps and integrations > APIs > OAuth clients) and set ZENDESK_CLIENT_ID and "
    "ZENDESK_CLIENT_SECRET."
)


def of_settings(settings: ZendeskSettings, *, now: float) -> Iterator[Result]:
    """What an admin should know, even where Zendesk itself is asked about the rest."""
    if isinstance(settings.credentials, ApiToken):
        yield api_token(now)


def api_token(now: float) -> Result:
    """How long API tokens still work: Zendesk stops all of them on one day."""
    name, left = "Zendesk API token", (LAST_DAY_OF_API_TOKENS - datetime.fromtimestamp(now, UTC).date()).days
    if left < 0:
        return failure(name, "Zendesk stopped all API tokens on 30 April 2027", _OAUTH)
    days = "1 day is" if left == 1 else f"{left} days are"
    return warning(name, f"Zendesk stops all API tokens on 30 April 2027: {days} left", _OAUTH)


def signing_secret_is_set(settings: ZendeskSettings) -> Result:
    """Whether there is a signing secret, without which no ticket is accepted; only Zendesk knows if it is right."""
    name = "signing secret"
    fix = "Run `python -m integration install`, which shows the secret, and set ZENDESK_WEBHOOK_SECRET."
    if not settings.webhook_secrets:
        return warning(name, "ZENDESK_WEBHOOK_SECRET is not set: no ticket is accepted", fix)
    if set(settings.webhook_secrets) == {ZENDESK_TEST_SECRET}:
        return warning(name, "is Zendesk's public test secret, with which nothing is accepted", fix)
    return ok(name, "ZENDESK_WEBHOOK_SECRET is set")
