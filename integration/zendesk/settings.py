"""What an admin sets about Zendesk: the account, its credentials, its webhook's secret, and whom notes are about."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from integration import variables
from integration.variables import Reader

NAMES: Final = (
    *("ZENDESK_SUBDOMAIN", "ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET", "ZENDESK_EMAIL", "ZENDESK_API_TOKEN"),
    *("ZENDESK_WEBHOOK_SECRET", "ZENDESK_URL", "IDENTIFY_BY", "SKIP_DOMAINS", "TAG_POSTED"),
)
ON_DEMAND: Final = "highlights"
"""The tag that asks for highlights."""
OPT_OUT: Final = "no_highlights"
"""The tag that keeps a ticket without a note."""
EMAIL: Final = "email"
EXTERNAL_ID: Final = "external_id"
FIELD: Final = "field:"  # and the id of a ticket field
AS_DELIVERED: Final = (EMAIL, EXTERNAL_ID)
"""By what people are identified when nothing is set: what a delivery tells."""
_IDENTIFY_BY: Final = "must be email, external_id or field:<id of a ticket field>, separated by commas"
_SKIP_DOMAINS: Final = "must be domains such as acme.com, separated by commas"
ZENDESK_TEST_SECRET: Final = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 -- public, so never accepted


@dataclass(frozen=True, kw_only=True)
class OAuthClient:
    """A Zendesk OAuth client, for the `client_credentials` grant."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ApiToken:
    """A legacy Zendesk API token; Zendesk stops all of them on 30 April 2027."""

    email: str = field(repr=False)
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class ZendeskSettings:
    """One Zendesk account; `url` has no trailing slash."""

    subdomain: str
    url: str
    credentials: OAuthClient | ApiToken
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    identify_by: tuple[str, ...] = AS_DELIVERED
    skip_domains: tuple[str, ...] = ()  # in small letters
    tag_posted: str | None = None

    @property
    def account(self) -> str:
        """Which account it is, in words that are no secret."""
        return f"Zendesk {self.subdomain}"

    @property
    def requests_per_hour(self) -> None:
        """Zendesk makes no highlights."""
        return None

    def facts(self) -> dict[str, object]:
        """What a process says of it at its start, in the log."""
        secret = "set" if self.webhook_secrets else "not set, deliveries are refused"
        return {"zendesk": self.subdomain, "webhook_secret": secret}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        credentials = self.credentials
        own = credentials.client_secret if isinstance(credentials, OAuthClient) else credentials.token
        return (*self.webhook_secrets, own)

    @property
    def accepts_deliveries(self) -> bool:
        """Whether there is a secret by which a delivery can be told to be genuine."""
        return bool(set(self.webhook_secrets) - {ZENDESK_TEST_SECRET})


def read(reader: Reader) -> ZendeskSettings | None:
    """All of it; None when nothing of Zendesk is set."""
    return read_needed(reader) if any(reader.text(name) for name in NAMES if name.startswith("ZENDESK_")) else None


def read_needed(reader: Reader) -> ZendeskSettings:
    """All of it, for the processes that take tickets in and write notes."""
    return replace(
        _account(reader),
        webhook_secrets=_webhook_secrets(reader),
        identify_by=reader.read("IDENTIFY_BY", _ways, default=AS_DELIVERED),
        skip_domains=reader.read("SKIP_DOMAINS", _domains, default=variables.NONE),
        tag_posted=reader.read("TAG_POSTED", _posted, default=None),
    )


def read_people(reader: Reader) -> ZendeskSettings:
    """What recorded deliveries are read by: no account is asked for."""
    return ZendeskSettings(
        subdomain="",
        url="",
        credentials=OAuthClient(client_id="", client_secret=""),
        identify_by=reader.read("IDENTIFY_BY", _ways, default=AS_DELIVERED),
        skip_domains=reader.read("SKIP_DOMAINS", _domains, default=variables.NONE),
    )


def read_for_installing(reader: Reader) -> ZendeskSettings:
    """All of it, with the signing secrets as they stand there, good or bad: `install` tells which one is right."""
    return replace(_account(reader), webhook_secrets=tuple(variables.listed(reader.text("ZENDESK_WEBHOOK_SECRET"))))


def _account(reader: Reader) -> ZendeskSettings:
    subdomain = reader.read("ZENDESK_SUBDOMAIN", _subdomain, default="", needed=True)
    return ZendeskSettings(
        subdomain=subdomain,
        url=reader.read("ZENDESK_URL", variables.web_url, default=f"https://{subdomain}.zendesk.com"),
        credentials=_credentials(reader),
    )


def _credentials(reader: Reader) -> OAuthClient | ApiToken:
    """The OAuth client; a legacy token where that is whole and the client is not, or where nothing is of a client."""
    oauth = [name for name in ("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET") if reader.text(name)]
    legacy = [name for name in ("ZENDESK_EMAIL", "ZENDESK_API_TOKEN") if reader.text(name)]
    if len(oauth) < len(legacy) == 2 or (legacy and not oauth):  # noqa: PLR2004 -- a pair
        return _api_token(reader)
    return OAuthClient(
        client_id=reader.read("ZENDESK_CLIENT_ID", variables.text, default="", needed=True),
        client_secret=reader.read("ZENDESK_CLIENT_SECRET", variables.secret, default="", needed=True),
    )


def _api_token(reader: Reader) -> ApiToken:
    reader.warnings.append("Zendesk stops all API tokens on 30 April 2027: set ZENDESK_CLIENT_ID and _SECRET")
    return ApiToken(
        email=reader.read("ZENDESK_EMAIL", _email_address, default="", needed=True),
        token=reader.read("ZENDESK_API_TOKEN", variables.secret, default="", needed=True),
    )


def _webhook_secrets(reader: Reader) -> tuple[str, ...]:
    secrets = reader.read("ZENDESK_WEBHOOK_SECRET", _secrets, default=variables.NONE)
    if not secrets:
        reader.warnings.append("ZENDESK_WEBHOOK_SECRET is not set: no ticket is accepted")
    return secrets


def _subdomain(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", raw):
        raise ValueError("must be the part before .zendesk.com alone, such as acme")
    return raw.lower()


def _email_address(raw: str) -> str:
    if not re.fullmatch(r"[!-9;-~]+@[!-9;-~]+", raw):  # no colon, which would end the user's name
        raise ValueError("must be an e-mail address")
    return raw


def _secrets(raw: str) -> tuple[str, ...]:
    return variables.list_of(raw, _webhook_secret, "must be signing secrets without spaces, separated by commas")


def _webhook_secret(raw: str) -> str:
    if raw == ZENDESK_TEST_SECRET:
        raise ValueError("holds Zendesk's published test secret, which everybody knows: set the webhook's own")
    return variables.secret(raw)


def _ways(raw: str) -> tuple[str, ...]:
    ways = variables.list_of(raw, _way, _IDENTIFY_BY)
    if len(set(ways)) < len(ways):
        raise ValueError(f"{_IDENTIFY_BY}: one of them stands there twice")
    return _some(ways, _IDENTIFY_BY)


def _way(raw: str) -> str:
    way = raw.lower()
    if way in AS_DELIVERED:
        return way
    kind, _, number = (part.strip() for part in way.partition(":"))
    if f"{kind}:" != FIELD:
        raise ValueError("is none of these")
    if not re.fullmatch(r"[0-9]{1,18}", number) or not int(number):
        raise ValueError("has no id of a ticket field behind field: (a number, as Admin Center > Fields shows it)")
    return f"{FIELD}{int(number)}"


def _domains(raw: str) -> tuple[str, ...]:
    return _some(tuple(dict.fromkeys(variables.list_of(raw, _domain, _SKIP_DOMAINS))), _SKIP_DOMAINS)


def _domain(raw: str) -> str:
    domain = raw.lower().removeprefix("@").removeprefix("*.").strip(".")
    if "@" in domain:
        raise ValueError("is an address: what stands behind its @ is the domain")
    if not domain.isprintable() or not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
        raise ValueError("is no domain")
    return domain


def _some(values: tuple[str, ...], form: str) -> tuple[str, ...]:
    if not values:
        raise ValueError(form)
    return values


def _posted(raw: str) -> str:
    posted = tag(raw)
    if posted in (ON_DEMAND, OPT_OUT):
        raise ValueError("must be another tag: this one has a meaning of its own")
    return posted


def tag(raw: str) -> str:
    """One tag, in small letters as Zendesk keeps it."""
    wanted = raw.strip().lower()
    if not wanted or not wanted.isprintable() or any(character.isspace() or character == "," for character in wanted):
        raise ValueError("must be one tag, without spaces")
    return wanted
