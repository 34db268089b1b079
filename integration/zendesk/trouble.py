"""What an admin reads when a request to Zendesk fails: what happened, why, and what to do.

`install`, `uninstall`, `recover` and `check` all take their words from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import requests

from integration import unreachable
from integration.errors import Held, Permanent, RemoteError, Temporary, Told
from integration.findings import Result, failure
from integration.json_body import json_object
from integration.zendesk.settings import ApiToken, ZendeskSettings

CLIENTS: Final = "Admin Center > Apps and integrations > APIs > OAuth clients"
SERVICE_SCOPES: Final = "read and tickets:write"
TOKEN_FIX: Final = (
    f"Compare ZENDESK_SUBDOMAIN, ZENDESK_EMAIL and ZENDESK_API_TOKEN; better, make an OAuth client ({CLIENTS})."
)
AGAIN: Final = "Run the command again later; if that stays, see https://status.zendesk.com."
NO_HELP_DESK: Final = "Zendesk has no help desk at this address (404): is ZENDESK_SUBDOMAIN right?"
_NOT_ZENDESKS: Final = ("a page came instead", "cannot be read", "holds no access token", "holds no signing secret")
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """`found`: what happened, without a full stop; `fix`: what to do, "" when `found` says that too."""

    found: str
    fix: str

    def __str__(self) -> str:
        """Both, as sentences."""
        return f"{self.found}. {self.fix}".strip()


def in_words(error: RemoteError, settings: ZendeskSettings, *, scopes: str = SERVICE_SCOPES) -> Trouble:
    """What an admin reads about an error of Zendesk's; `scopes` are those that were asked for."""
    why = unreachable.why(error) if isinstance(error, Temporary) else None
    return Trouble(found=f"{error}" if why is None else f"{error}: {why}", fix=_fix(error, settings, scopes))


def credentials_fix(settings: ZendeskSettings, *, scopes: str = SERVICE_SCOPES) -> str:
    """What to compare when Zendesk does not know our credentials."""
    if isinstance(settings.credentials, ApiToken):
        return TOKEN_FIX
    return (
        f"Compare ZENDESK_SUBDOMAIN, ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET with {CLIENTS}. The client has to be "
        f"confidential; its allowed scopes, if it has any, need {scopes}."
    )


def _fix(error: RemoteError, settings: ZendeskSettings, scopes: str) -> str:
    reach = f"Is ZENDESK_SUBDOMAIN right, and may this machine reach {settings.url}?"
    if any(words in f"{error}" for words in _NOT_ZENDESKS):
        return f"Does a proxy, or a log-in page, answer in Zendesk's place? {reach}"
    if isinstance(error, Held):
        if error.status == _NOT_FOUND:
            return "Compare ZENDESK_SUBDOMAIN with the address at which you open Zendesk."
        return "" if error.status == _FORBIDDEN else credentials_fix(settings, scopes=scopes)
    if isinstance(error, Permanent):
        return ""
    return reach if _is_about_the_way(error) else AGAIN


def _is_about_the_way(error: RemoteError) -> bool:
    """Whether the request did not get through, or not to where Zendesk is."""
    return any(words in f"{error}" for words in ("cannot be reached", "did not answer", "redirect"))


def is_no_help_desk(response: requests.Response) -> bool:
    """Whether a 404 means that there is no help desk at this address; otherwise it names a missing record or path."""
    told = json_object(response.content)
    error = None if told is None else told.get("error")
    return told is None or (isinstance(error, dict) and str(error.get("title", ""))[:200].startswith("No help desk"))


def is_a_page(response: requests.Response) -> bool:
    """Whether an answer is a page for a browser: Zendesk's API answers in JSON."""
    return response.content.lstrip()[:1] == b"<"


def in_its_place(response: requests.Response, told: Told) -> Temporary:
    """The error that a page stands for."""
    return Temporary(
        f"a page came instead of Zendesk's answer ({response.status_code}): something between may have written it",
        **told,
    )


def unreadable(*, outcome_unknown: bool = False) -> Temporary:
    """The error that an answer of an unexpected shape stands for."""
    return Temporary("Zendesk's answer cannot be read", service="Zendesk", outcome_unknown=outcome_unknown)


def of_trouble(name: str, error: RemoteError, settings: ZendeskSettings) -> Result:
    """The result of a check whose request to Zendesk failed, in the words of all other commands."""
    told = in_words(error, settings)
    return failure(name, told.found, told.fix or AGAIN)
