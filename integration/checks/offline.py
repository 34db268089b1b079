"""What can be told from the settings alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import urlsplit

from integration.checks import Result, failure, ok, warning
from integration.settings import Settings
from integration.variables import is_loopback
from integration.zendesk.settings import ZENDESK_TEST_SECRET, ApiToken

LAST_DAY_OF_API_TOKENS: Final = date(2027, 4, 30)
_OAUTH: Final = (
    "Make an OAuth client (Admin Center > Apps and integrations > APIs > OAuth clients) and set ZENDESK_CLIENT_ID and "
    "ZENDESK_CLIENT_SECRET."
)


def of_settings(settings: Settings, *, now: float) -> Iterator[Result]:
    """What an admin should know of the settings; they are complete and well-formed, or there would be none."""
    yield ok("settings", "every needed variable is set and well-formed")
    if isinstance(settings.zendesk.credentials, ApiToken):
        yield api_token(now)
    if is_loopback(urlsplit(settings.public_url).hostname) and not is_loopback(urlsplit(settings.zendesk.url).hostname):
        yield warning(
            "address",
            "PUBLIC_URL leads to this machine alone: neither Zendesk nor LogRocket reaches it",
            "Set PUBLIC_URL to the address of the web process on the internet.",
        )


def of_settings_offline(settings: Settings, *, now: float) -> Iterator[Result]:
    """The same, and what nobody else is asked about."""
    yield from of_settings(settings, now=now)
    yield signing_secret_is_set(settings)
    yield logrocket_key(settings)


def api_token(now: float) -> Result:
    """Zendesk stops all API tokens on one day."""
    name, left = "Zendesk API token", (LAST_DAY_OF_API_TOKENS - datetime.fromtimestamp(now, UTC).date()).days
    if left < 0:
        return failure(name, "Zendesk stopped all API tokens on 30 April 2027", _OAUTH)
    days = "1 day is" if left == 1 else f"{left} days are"
    return warning(name, f"Zendesk stops all API tokens on 30 April 2027: {days} left", _OAUTH)


def signing_secret_is_set(settings: Settings) -> Result:
    """Without a secret no ticket is taken in; whether it is the right one, Zendesk knows."""
    name = "signing secret"
    fix = "Run `python -m integration install`, which tells the secret, and set ZENDESK_WEBHOOK_SECRET."
    if not settings.zendesk.webhook_secrets:
        return warning(name, "ZENDESK_WEBHOOK_SECRET is not set: no ticket is accepted", fix)
    if set(settings.zendesk.webhook_secrets) == {ZENDESK_TEST_SECRET}:
        return warning(name, "is Zendesk's public test secret, with which nothing is accepted", fix)
    return ok(name, "ZENDESK_WEBHOOK_SECRET is set")


def logrocket_key(settings: Settings) -> Result:
    """Most keys name their project; `settings` refuses the key of another one."""
    name, project = "LogRocket key", f"{settings.logrocket.org}/{settings.logrocket.app}"
    if names_its_project(settings):
        return ok(name, f"names the project {project}")
    return ok(name, f"does not name its project: whether that is {project}, it does not tell")


def names_its_project(settings: Settings) -> bool:
    """Whether the key says itself that it is of the project of LOGROCKET_APP_ID."""
    return settings.logrocket.api_key.startswith(f"{settings.logrocket.org}:{settings.logrocket.app}:")
