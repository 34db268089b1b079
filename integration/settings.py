"""What an admin sets: environment variables, read once into one frozen object.

`.env` in the working directory is read too; a variable of the environment wins over it, even a blank one. Blank
counts as unset.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

from dotenv import dotenv_values
from redis import ConnectionPool

from integration.errors import SettingsError
from integration.keys import ALLOWED, DEFAULT_PREFIX, Keys

ZENDESK_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 -- public, so never accepted
SECRET_KEY_LENGTH = 32
LONGEST_KEEP_ALIVE = 3600

T = TypeVar("T")
_NONE: tuple[str, ...] = ()


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
class Settings:
    """The settings of one process. URLs have no trailing slash, times are seconds; no secret is in its `repr`."""

    redis_url: str = field(repr=False)
    redis_tls_verify: bool
    key_prefix: str
    public_url: str
    secret_keys: tuple[str, ...] = field(repr=False)  # the current one first
    zendesk_subdomain: str
    zendesk_url: str
    zendesk_credentials: OAuthClient | ApiToken
    zendesk_webhook_secrets: tuple[str, ...] = field(repr=False)
    logrocket_org: str
    logrocket_app: str
    logrocket_api_key: str = field(repr=False)
    logrocket_api_url: str
    logrocket_app_url: str
    admin_password: str | None = field(repr=False)
    web_concurrency: int
    worker_concurrency: int
    keep_alive_seconds: int
    poll_after_seconds: float
    failed_retry_seconds: tuple[float, ...]
    settle_seconds: float
    backoff_seconds: float
    requests_per_hour: int
    retention_days: int
    log_level: str
    log_format: str
    warnings: tuple[str, ...] = ()

    @property
    def keys(self) -> Keys:
        """The names of all that is ours in Redis."""
        return Keys(self.key_prefix)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        credentials = self.zendesk_credentials
        own = credentials.client_secret if isinstance(credentials, OAuthClient) else credentials.token
        password = urlsplit(self.redis_url).password
        optional = tuple(value for value in (self.admin_password, password, unquote(password or "")) if value)
        return (*self.secret_keys, *self.zendesk_webhook_secrets, self.logrocket_api_key, own, *optional)


@dataclass(frozen=True, kw_only=True)
class InstallSettings:
    """The few settings that installing in Zendesk needs: it works before anything is deployed."""

    public_url: str
    zendesk_subdomain: str
    zendesk_url: str
    zendesk_credentials: OAuthClient | ApiToken
    warnings: tuple[str, ...] = ()


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings, or raise `SettingsError` with every problem at once."""
    return _Reader(environment() if environ is None else environ).settings()


def for_install(environ: Mapping[str, str] | None = None) -> InstallSettings:
    """Read what installing needs and nothing else, or raise `SettingsError` with every problem at once."""
    return _Reader(environment() if environ is None else environ).install_settings()


def environment() -> dict[str, str]:
    """The variables of this process, with those of `.env` behind them."""
    try:
        values = dotenv_values(".env", interpolate=False)
    except ValueError:
        raise SettingsError([".env is not UTF-8 text"]) from None
    return {**{name: value for name, value in values.items() if value is not None}, **os.environ}


class _Reader:
    """Reads one variable after another and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._values = {name: value.strip() for name, value in environ.items() if value.strip()}
        self._problems: list[str] = []
        self._warnings: list[str] = []

    def settings(self) -> Settings:
        org, app = self.read("LOGROCKET_APP_ID", _app_id, default=("", ""), needed=True)
        secret_key = self.read("SECRET_KEY", _secret_key, default="", needed=True)
        subdomain = self.read("ZENDESK_SUBDOMAIN", _subdomain, default="", needed=True)
        settings = Settings(
            redis_url=self.read("REDIS_URL", _redis_url, default="", needed=True),
            redis_tls_verify=self.read("REDIS_TLS_VERIFY", _yes_or_no, default=True),
            key_prefix=self.read("KEY_PREFIX", _key_prefix, default=DEFAULT_PREFIX),
            public_url=self.public_url(),
            secret_keys=(secret_key, *self.read("SECRET_KEY_FALLBACKS", _secret_keys, default=_NONE)),
            zendesk_subdomain=subdomain,
            zendesk_url=self.read("ZENDESK_URL", _web_url, default=f"https://{subdomain}.zendesk.com"),
            zendesk_credentials=self.zendesk_credentials(),
            zendesk_webhook_secrets=self.webhook_secrets(),
            logrocket_org=org,
            logrocket_app=app,
            logrocket_api_key=self.read("LOGROCKET_API_KEY", _api_key(org, app), default="", needed=True),
            logrocket_api_url=self.read("LOGROCKET_API_URL", _web_url, default="https://api.logrocket.com"),
            logrocket_app_url=self.read("LOGROCKET_APP_URL", _web_url, default="https://app.logrocket.com"),
            admin_password=self.read("ADMIN_PASSWORD", _text, default=None),
            web_concurrency=self.read("WEB_CONCURRENCY", _count, default=2),
            worker_concurrency=self.read("WORKER_CONCURRENCY", _count, default=4),
            keep_alive_seconds=self.read("KEEP_ALIVE_SECONDS", _keep_alive, default=95),
            poll_after_seconds=self.read("POLL_AFTER_SECONDS", _positive_seconds, default=300.0),
            failed_retry_seconds=self.read("FAILED_RETRY_SECONDS", _many_seconds, default=(60.0, 300.0, 900.0)),
            settle_seconds=self.read("SETTLE_SECONDS", _seconds, default=60.0),
            backoff_seconds=self.read("BACKOFF_SECONDS", _positive_seconds, default=5.0),
            requests_per_hour=self.read("LOGROCKET_REQUESTS_PER_HOUR", _per_hour, default=1000),
            retention_days=self.read("RETENTION_DAYS", _days, default=30),
            log_level=self.read("LOG_LEVEL", _one_of("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
            log_format=self.read("LOG_FORMAT", _one_of("text", "json"), default="text"),
            warnings=tuple(self._warnings),
        )
        if self._problems:
            raise SettingsError(self._problems)
        return settings

    def install_settings(self) -> InstallSettings:
        subdomain = self.read("ZENDESK_SUBDOMAIN", _subdomain, default="", needed=True)
        settings = InstallSettings(
            public_url=self.public_url(),
            zendesk_subdomain=subdomain,
            zendesk_url=self.read("ZENDESK_URL", _web_url, default=f"https://{subdomain}.zendesk.com"),
            zendesk_credentials=self.zendesk_credentials(),
            warnings=tuple(self._warnings),
        )
        if self._problems:
            raise SettingsError(self._problems)
        return settings

    def read(self, name: str, convert: Callable[[str], T], *, default: T, needed: bool = False) -> T:
        raw = self._values.get(name)
        if raw is None:
            if needed:
                self._problems.append(f"{name} is not set")
            return default
        try:
            return convert(raw)
        except ValueError as problem:
            self._problems.append(f"{name} {problem}")
            return default

    def public_url(self) -> str:
        if "PUBLIC_URL" not in self._values and "HEROKU_APP_DEFAULT_DOMAIN_NAME" in self._values:
            return self.read("HEROKU_APP_DEFAULT_DOMAIN_NAME", _https_url_of_domain, default="")
        return self.read("PUBLIC_URL", _web_url, default="", needed=True)

    def zendesk_credentials(self) -> OAuthClient | ApiToken:
        oauth = [name for name in ("ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET") if name in self._values]
        legacy = [name for name in ("ZENDESK_EMAIL", "ZENDESK_API_TOKEN") if name in self._values]
        if len(legacy) == 2 and len(oauth) < 2:  # noqa: PLR2004 -- a pair
            self._warnings.append("Zendesk stops all API tokens on 30 April 2027: set ZENDESK_CLIENT_ID and _SECRET")
            return ApiToken(
                email=self.read("ZENDESK_EMAIL", _basic_user, default=""),
                token=self.read("ZENDESK_API_TOKEN", _secret, default=""),
            )
        if legacy and not oauth:
            self._need("ZENDESK_EMAIL", "ZENDESK_API_TOKEN")
        return OAuthClient(
            client_id=self.read("ZENDESK_CLIENT_ID", _text, default="", needed=not legacy or bool(oauth)),
            client_secret=self.read("ZENDESK_CLIENT_SECRET", _secret, default="", needed=not legacy or bool(oauth)),
        )

    def _need(self, *names: str) -> None:
        self._problems.extend(f"{name} is not set" for name in names if name not in self._values)

    def webhook_secrets(self) -> tuple[str, ...]:
        secrets = self.read("ZENDESK_WEBHOOK_SECRET", _secrets, default=_NONE)
        if ZENDESK_TEST_SECRET in secrets:
            self._warnings.append(
                "ZENDESK_WEBHOOK_SECRET holds Zendesk's public test secret: nothing is accepted with it"
            )
        elif not secrets:
            self._warnings.append("ZENDESK_WEBHOOK_SECRET is not set: no ticket is accepted")
        return secrets


# -- Converters: the text of one variable in, its value out, or ValueError with the rest of the sentence "<NAME> ..."
# No message repeats a value: it may be a secret in the wrong place.


def _text(raw: str) -> str:
    if not raw.isprintable():
        raise ValueError("has a character that cannot be printed")
    return raw


def _secret(raw: str) -> str:
    if not (raw.isascii() and raw.isprintable()) or " " in raw:
        raise ValueError("must be plain ASCII without spaces")
    return raw


def _secrets(raw: str) -> tuple[str, ...]:
    return tuple(_secret(part.strip()) for part in raw.split(",") if part.strip())


def _secret_key(raw: str) -> str:
    if len(_text(raw)) < SECRET_KEY_LENGTH:
        raise ValueError(f"must have {SECRET_KEY_LENGTH} characters or more")
    return raw


def _secret_keys(raw: str) -> tuple[str, ...]:
    return tuple(_secret_key(part.strip()) for part in raw.split(",") if part.strip())


def _basic_user(raw: str) -> str:
    if not re.fullmatch(r"[!-9;-~]+@[!-9;-~]+", raw):
        raise ValueError("must be an e-mail address")
    return raw


def _subdomain(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", raw):
        raise ValueError("must be the part before .zendesk.com alone, such as acme")
    return raw.lower()


def _app_id(raw: str) -> tuple[str, str]:
    if not re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", raw) or {".", ".."} & set(raw.split("/")):
        raise ValueError("must be org/app, as LogRocket shows it under Settings > Project Settings")
    org, app = raw.split("/")
    return org, app


def _api_key(org: str, app: str) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        key = _secret(raw)
        parts = key.split(":")
        if parts[0] == "pat" and org != "pat":
            raise ValueError("is a personal access token: the project's API key is needed")
        if len(parts) >= 3 and org and parts[:2] != [org, app]:  # noqa: PLR2004 -- org:app:secret
            raise ValueError("belongs to another project than LOGROCKET_APP_ID names")
        return key

    return convert


def _web_url(raw: str) -> str:
    parts = _split_url(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a URL that starts with https://")
    if re.search("[@?#]", raw):
        raise ValueError("must be a URL without user name, query and fragment")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must start with https:// (plain http:// is for this machine only)")
    return raw.rstrip("/")


def _https_url_of_domain(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]+", raw):
        raise ValueError("must be a domain")
    return _web_url(f"https://{raw}")


def is_loopback(host: str | None) -> bool:
    """Whether a URL's host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _redis_url(raw: str) -> str:
    parts = _split_url(raw)
    if parts.scheme not in ("redis", "rediss", "unix") or not (
        parts.path if parts.scheme == "unix" else parts.hostname
    ):
        raise ValueError("must start with redis://, rediss:// or unix:// and name a host or a socket")
    try:
        ConnectionPool.from_url(raw)
    except (ValueError, TypeError):
        raise ValueError("has an option that Redis does not know, or a value that cannot be meant") from None
    return raw


def _split_url(raw: str) -> SplitResult:
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError:
        raise ValueError("is not a URL") from None
    if not raw.isascii() or not raw.isprintable() or " " in raw or "\\" in raw:
        raise ValueError("is not a URL")
    return parts


def _key_prefix(raw: str) -> str:
    if not ALLOWED.fullmatch(raw):
        raise ValueError("must have letters, digits, - and _ alone, 40 at most, and begin with a letter or a digit")
    return raw


def _yes_or_no(raw: str) -> bool:
    if raw.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return raw.lower() == "true"


def _count(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", raw) or int(raw) == 0:
        raise ValueError("must be a whole number from 1 to 999")
    return int(raw)


def _keep_alive(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", raw) or not 1 <= int(raw) <= LONGEST_KEEP_ALIVE:
        raise ValueError(f"must be a whole number of seconds from 1 to {LONGEST_KEEP_ALIVE}")
    return int(raw)


def _per_hour(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", raw) or int(raw) == 0:
        raise ValueError("must be a whole number, 1 or more")
    return int(raw)


def _days(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", raw) or int(raw) == 0:
        raise ValueError("must be a whole number of days, 1 or more")
    return int(raw)


def _seconds(raw: str) -> float:
    if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,6})?", raw):
        raise ValueError("must be a number of seconds")
    return float(raw)


def _positive_seconds(raw: str) -> float:
    if _seconds(raw) == 0:
        raise ValueError("must be more than 0 seconds")
    return _seconds(raw)


def _many_seconds(raw: str) -> tuple[float, ...]:
    parts = [part.strip() for part in raw.split(",") if part.strip()]
    if not parts or len(parts) > 20:  # noqa: PLR2004 -- a limit, named here only
        raise ValueError("must be seconds, separated by commas, such as 60,300,900")
    return tuple(_seconds(part) for part in parts)


def _one_of(*choices: str) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        for choice in choices:
            if raw.lower() == choice.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(choices)}")

    return convert
