"""What can be told from the settings alone."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from integration.findings import Result, ok, warning
from integration.logrocket import checks as logrocket
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings
from integration.variables import is_loopback
from integration.zendesk import settings_checks as zendesk
from integration.zendesk.settings import ZendeskSettings


def of_settings(settings: Settings, *, now: float) -> Iterator[Result]:
    """What an admin should know of the settings; they are complete and well-formed, or there would be none."""
    yield ok("settings", "every needed variable is set and well-formed")
    account = settings.of(ZendeskSettings)
    yield from zendesk.of_settings(account, now=now)
    if is_loopback(urlsplit(settings.public_url).hostname) and not is_loopback(urlsplit(account.url).hostname):
        yield warning(
            "address",
            "PUBLIC_URL leads to this machine alone: neither Zendesk nor LogRocket reaches it",
            "Set PUBLIC_URL to the address of the web process on the internet.",
        )


def of_settings_offline(settings: Settings, *, now: float) -> Iterator[Result]:
    """The same, and what nobody else is asked about."""
    yield from of_settings(settings, now=now)
    yield zendesk.signing_secret_is_set(settings.of(ZendeskSettings))
    yield from logrocket.of_settings(settings.of(LogRocketSettings))
