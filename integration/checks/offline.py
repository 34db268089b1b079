"""What can be told from the settings alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from integration.facts import NoteStyle
from integration.findings import Result, ok, warning
from integration.logrocket import checks as logrocket
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings
from integration.surveys import checks as surveys
from integration.surveys.settings import SurveySettings
from integration.variables import is_loopback
from integration.zendesk import settings_checks as zendesk
from integration.zendesk.settings import ZendeskSettings

TEMPLATE: Final = "note template"


def of_settings(settings: Settings, *, now: float) -> Iterator[Result]:
    """What an admin should know of the settings; they are complete and well-formed, or there would be none."""
    yield ok("settings", "every needed variable is set and well-formed")
    account = settings.find(ZendeskSettings)
    if account is not None:
        yield from zendesk.of_settings(account, now=now)
    yield from of_template(settings.note_style)
    called = settings.of(LogRocketSettings).api_url if account is None else account.url
    if is_loopback(urlsplit(settings.public_url).hostname) and not is_loopback(urlsplit(called).hostname):
        who = "LogRocket does not reach it" if account is None else "neither Zendesk nor LogRocket reaches it"
        yield warning(
            "address",
            f"PUBLIC_URL leads to this machine alone: {who}",
            "Set PUBLIC_URL to the address of the web process on the internet.",
        )


def of_template(style: NoteStyle) -> Iterator[Result]:
    """What the admin's own layout makes of a sample; one that cannot work is no setting at all."""
    if style.template is None:
        return
    # Here, for they are large, and few have a template.
    from integration.note import template, template_values  # noqa: PLC0415 -- see above

    made = template.check(style.template)
    shown = f"makes {len(made)} characters of a sample"
    if template_values.SAMPLE["all_sessions"] not in made:
        yield warning(TEMPLATE, f"{shown}, without a link to all sessions", "Let it show {{ all_sessions }}, too.")
    else:
        yield ok(TEMPLATE, shown)


def of_settings_offline(settings: Settings, *, now: float) -> Iterator[Result]:
    """The same, and what nobody else is asked about."""
    yield from of_settings(settings, now=now)
    account = settings.find(ZendeskSettings)
    if account is not None:
        yield zendesk.signing_secret_is_set(account)
    answers = settings.find(SurveySettings)
    if answers is not None:
        yield from surveys.of_surveys(answers, public_url=settings.public_url)
    yield from logrocket.of_settings(settings.of(LogRocketSettings))
