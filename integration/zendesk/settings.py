"""What an admin sets about Zendesk: which account, with which credentials, and the secret it signs deliveries with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from integration import variables
from integration.variables import Reader

NAMES: Final = (
    *("ZENDESK_SUBDOMAIN", "ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET", "ZENDESK_EMAIL", "ZENDESK_API_TOKEN"),
    *("ZENDESK_WEBHOOK_SECRET", "ZENDESK_URL"),
)
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


def read(reader: Reader) -> ZendeskSettings:
    """All of it, for the processes that take tickets in and write notes."""
    return replace(_account(reader), webhook_secrets=_webhook_secrets(reader))


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
