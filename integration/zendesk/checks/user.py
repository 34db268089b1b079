"""Who our Zendesk credentials act as, and what that user and these credentials may do; nothing is written.

https://developer.zendesk.com/api-reference/ticketing/users/users/
https://developer.zendesk.com/api-reference/ticketing/account-configuration/custom_roles/
https://developer.zendesk.com/api-reference/ticketing/oauth/oauth_tokens/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final

from integration.errors import RemoteError
from integration.findings import Result, failure, ok, skipped, warning
from integration.http import ServiceSession
from integration.safe_text import masked, named, printable
from integration.settings import Settings
from integration.zendesk import lists, trouble
from integration.zendesk.reader import Absent, Forbidden, ReadingAdapter
from integration.zendesk.settings import ApiToken, ZendeskSettings
from integration.zendesk.trouble import CLIENTS, credentials_fix, of_trouble
from integration.zendesk.webhook import FRESH_SECONDS

USER, SCOPES, NOTES, CLOCK = "Zendesk user", "Zendesk scopes", "Zendesk notes", "Zendesk clock"
SKEW_SECONDS: Final = 60.0
_MOST_PAGES: Final = 20

_AGENT_FIX: Final = "Let a user whom Zendesk counts as an agent or an admin make the OAuth client."
_ROLE_TYPES: Final = {
    1: "light agent",
    2: "chat agent",
    3: "contributor",
    4: "admin",
    5: "billing admin",
}
_NO_TICKETS: Final = 2  # the role type of somebody who sees chats alone
_SEES: Final = {
    "assigned": "only the tickets that are assigned to it",
    "assigned-only": "only the tickets that are assigned to it",
    "groups": "only the tickets of its groups",
    "within-groups": "only the tickets of its groups",
    "within-groups-and-public-groups": "only the tickets of its groups and of public groups",
    "organization": "only the tickets of its organization",
    "within-organization": "only the tickets of its organization",
}

User = Mapping[str, Any]


class CheckSession:
    """Asks Zendesk for one object at a time."""

    def __init__(self, settings: ZendeskSettings) -> None:
        self._zendesk = ReadingAdapter(settings)
        self._session = ServiceSession(self._zendesk)

    @property
    def last_headers(self) -> Mapping[str, str]:
        """The headers of the last answer."""
        return self._zendesk.last_headers

    def fetch(self, path: str, name: str) -> dict[str, Any]:
        """The object called `name` at a path of the API."""
        response = self._session.get(f"{self._zendesk.asked_url}/api/v2/{path}")
        try:
            record = response.json()[name]
        except (ValueError, RecursionError, LookupError, TypeError):
            record = None
        if not isinstance(record, dict):
            raise trouble.unreadable()
        return record

    def listed(self, name: str) -> Iterator[dict[str, Any]]:
        """The objects of a list that the API calls `name`."""
        url = f"{self._zendesk.asked_url}/api/v2/{name}"
        return lists.records(self._session, url, name, most_pages=_MOST_PAGES)


def acts_as(user: User, settings: Settings) -> Result:
    """Who the credentials act as. To unknown ones Zendesk answers with 200, and the "Anonymous user"."""
    fix = credentials_fix(settings.of(ZendeskSettings))
    if type(user.get("id")) is not int:
        return failure(
            USER, "nobody: Zendesk does not know these credentials (it answers as to an anonymous user)", fix
        )
    told = f"acts as {_in_words(user)}"
    if user.get("suspended") is True:
        return failure(USER, f"{told}, who is suspended", "Lift the suspension (Admin Center > People > Team members).")
    if user.get("active") is False:
        return failure(USER, f"{told}, who is deleted", _AGENT_FIX)
    if user.get("role") not in ("agent", "admin"):
        return failure(USER, f"{told}: customers cannot write internal notes", _AGENT_FIX)
    return ok(USER, told)


def granted(scopes: object) -> Result:
    """Whether a token's scopes are enough for the worker."""
    fix = f"Add read and tickets:write to the allowed scopes of the client ({CLIENTS})."
    if not isinstance(scopes, list):
        return warning(SCOPES, "Zendesk does not say which scopes the token has", fix)
    has = {str(scope) for scope in scopes}
    missing = []
    if not has & {"read"} and not has >= {"tickets:read", "users:read"}:
        missing.append("read")
    if not has & {"write", "tickets:write"}:
        missing.append("tickets:write")
    if missing:
        return failure(SCOPES, f"the token lacks {' and '.join(missing)}", fix)
    return ok(SCOPES, printable(", ".join(sorted(has)))[:100])


def may_write_notes(user: User, role: Mapping[str, Any] | None) -> Result:
    """Whether this user may add internal notes to tickets, as far as can be known without adding one.

    `role`: the configuration of the user's custom role, if it has one and Zendesk shows it.
    """
    fix = "Give the user a role that sees all tickets (Admin Center > People > Team members)."
    if user.get("role") == "admin":
        return ok(NOTES, "an admin may add internal notes to every ticket")
    if user.get("role_type") == _NO_TICKETS or user.get("chat_only") is True:
        return failure(NOTES, "this user sees chats alone, and no tickets", fix)
    restriction = str(user.get("ticket_restriction"))
    if restriction == "requested":
        return failure(NOTES, "this user sees only the tickets that it filed itself", fix)
    sees = _SEES.get(restriction) or _SEES.get(str((role or {}).get("ticket_access")))
    if sees is not None:
        return warning(NOTES, f"this user sees {sees}: on others there will be no note", fix)
    if user.get("custom_role_id") is not None and role is None and user.get("restricted_agent") is not False:
        return warning(NOTES, "this user has a role of its own, which Zendesk does not show us", f"Look at it. {fix}")
    return ok(NOTES, "this user may add internal notes, and no restriction of its tickets is known")


def clock_skew(headers: Mapping[str, str], *, now: float) -> Result:
    """Whether our clock agrees with Zendesk's, with which it signs: we refuse a signature that seems old."""
    try:
        theirs = parsedate_to_datetime(headers.get("Date", ""))
    except (ValueError, IndexError, OverflowError):
        return skipped(CLOCK, "Zendesk's answer has no date")
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    ahead = theirs.timestamp() - now
    fix = "Have this machine set its clock by NTP."
    skew = f"this machine is {abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'} Zendesk"
    if abs(ahead) > FRESH_SECONDS / 2:
        refused = f"a signature more than {FRESH_SECONDS // 60} minutes off is refused"
        return failure(CLOCK, f"{skew}: {refused}", f"{fix} What counts is the clock of the web process.")
    if abs(ahead) > SKEW_SECONDS:
        return warning(CLOCK, skew, fix)
    return ok(CLOCK, f"within {max(abs(ahead), 1.0):.0f} s of this machine's")


def scopes(session: CheckSession, settings: Settings) -> Result:
    """Whether the scopes of our token are enough, as far as Zendesk shows them."""
    if isinstance(settings.of(ZendeskSettings).credentials, ApiToken):
        return ok(SCOPES, "an API token may do all that its user may")
    try:
        return granted(session.fetch("oauth/tokens/current", "token").get("scopes"))
    except (Forbidden, Absent):
        return granted(None)
    except RemoteError as error:
        return of_trouble(SCOPES, error, settings.of(ZendeskSettings))


def custom_role(session: CheckSession, user: User) -> Mapping[str, Any] | None:
    """The configuration of the user's custom role; None when there is none, or Zendesk does not show it."""
    number = user.get("custom_role_id")
    if not isinstance(number, int) or user.get("role") == "admin":
        return None
    try:
        configuration = session.fetch(f"custom_roles/{number}", "custom_role").get("configuration")
    except RemoteError:
        return None
    return configuration if isinstance(configuration, dict) else None


def unknown(error: RemoteError, settings: Settings) -> Result:
    """The result when Zendesk does not say who we are."""
    if isinstance(error, Forbidden):
        told = "the credentials are accepted and may not read who they act as (403)"
        return failure(USER, told, credentials_fix(settings.of(ZendeskSettings)))
    return of_trouble(USER, error, settings.of(ZendeskSettings))


def _in_words(user: User) -> str:
    """Name, masked address and role."""
    kind = user.get("role_type")
    role = (_ROLE_TYPES.get(kind) if isinstance(kind, int) else None) or user.get("role")
    email = user.get("email")
    address = f" ({masked(email)})" if isinstance(email, str) and email else ""
    return printable(f"{named(user.get('name'))}{address}, role {str(role)[:40]}")
