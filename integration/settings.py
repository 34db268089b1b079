"""What an admin sets: environment variables, read once into one frozen object.

`.env` in the working directory is read too; a variable of the environment wins over it, even a blank one. Blank
counts as unset.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from dotenv import dotenv_values

from integration.cases import redis_url
from integration.cases.keys import ALLOWED, DEFAULT_PREFIX, Keys
from integration.errors import SettingsError

ZENDESK_TEST_SECRET = "dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ=="  # noqa: S105 -- public, so never accepted
SECRET_KEY_LENGTH = 32
PASSWORD_LENGTH = 12
SECRET_LENGTH = 8  # of what others made, all of which is far longer
NAMES = (
    *("REDIS_URL", "REDIS_TLS_VERIFY", "KEY_PREFIX", "PUBLIC_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS"),
    *("ZENDESK_SUBDOMAIN", "ZENDESK_CLIENT_ID", "ZENDESK_CLIENT_SECRET", "ZENDESK_EMAIL", "ZENDESK_API_TOKEN"),
    *("ZENDESK_WEBHOOK_SECRET", "ZENDESK_URL", "LOGROCKET_APP_ID", "LOGROCKET_API_KEY", "LOGROCKET_API_URL"),
    *("LOGROCKET_APP_URL", "LOGROCKET_REQUESTS_PER_HOUR", "ADMIN_PASSWORD", "WEB_CONCURRENCY", "WORKER_CONCURRENCY"),
    *("KEEP_ALIVE_SECONDS", "POLL_AFTER_SECONDS", "FAILED_RETRY_SECONDS", "SETTLE_SECONDS", "BACKOFF_SECONDS"),
    *("RETENTION_DAYS", "LOG_LEVEL", "LOG_FORMAT", "HEROKU_APP_DEFAULT_DOMAIN_NAME"),
)
"""Every variable, in the order in which the docs list them: messages are sorted by it."""
_QUOTES = (
    '""',
    "''",
    "``",
    "\u201c\u201d",
    "\u201e\u201c",
    "\u2018\u2019",
    "\u00ab\u00bb",
    "\u201d\u201d",
    "\u2019\u2019",
)
_NEARLY = 0.88  # of difflib's likeness: a letter or two
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
        optional = (
            *redis_url.secrets_in(urlsplit(self.redis_url)),
            *([self.admin_password] if self.admin_password else []),
        )
        return (*self.secret_keys, *self.zendesk_webhook_secrets, self.logrocket_api_key, own, *optional)


@dataclass(frozen=True, kw_only=True)
class InstallSettings:
    """The few settings that installing in Zendesk needs: it works before anything is deployed."""

    public_url: str
    zendesk_subdomain: str
    zendesk_url: str
    zendesk_credentials: OAuthClient | ApiToken
    zendesk_webhook_secrets: tuple[str, ...] = field(default=(), repr=False)  # as they stand there, good or bad
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
        self._problems: dict[str, str] = {}
        self._warnings: list[str] = list(_nearly_ours(environ))

    def settings(self) -> Settings:
        verify = self.read("REDIS_TLS_VERIFY", _yes_or_no, default=True)
        org, app = self.read("LOGROCKET_APP_ID", _app_id, default=("", ""), needed=True)
        secret_key = self.read("SECRET_KEY", _secret_key, default="", needed=True)
        subdomain = self.read("ZENDESK_SUBDOMAIN", _subdomain, default="", needed=True)
        settings = Settings(
            redis_url=self.read("REDIS_URL", _redis_url(verify=verify), default="", needed=True),
            redis_tls_verify=verify,
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
            admin_password=self.read("ADMIN_PASSWORD", _password, default=None),
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
        self._raise_problems()
        return settings

    def install_settings(self) -> InstallSettings:
        subdomain = self.read("ZENDESK_SUBDOMAIN", _subdomain, default="", needed=True)
        settings = InstallSettings(
            public_url=self.public_url(),
            zendesk_subdomain=subdomain,
            zendesk_url=self.read("ZENDESK_URL", _web_url, default=f"https://{subdomain}.zendesk.com"),
            zendesk_credentials=self.zendesk_credentials(),
            zendesk_webhook_secrets=tuple(_parts(self._values.get("ZENDESK_WEBHOOK_SECRET", ""))),
            warnings=tuple(self._warnings),
        )
        self._raise_problems()
        return settings

    def read(self, name: str, convert: Callable[[str], T], *, default: T, needed: bool = False) -> T:
        raw = self._values.get(name)
        if raw is None:
            if needed:
                self._problems[name] = "is not set"
            return default
        around = _around(raw)
        try:
            value = convert(raw)
        except ValueError as problem:
            self._problems[name] = _both(f"{problem}", around)
            return default
        if around is not None:
            self._problems[name] = around
        return value

    def _raise_problems(self) -> None:
        """Raise `SettingsError` when there are problems: a line for each variable, in the order of the docs."""
        if self._problems:
            raise SettingsError([f"{name} {self._problems[name]}" for name in NAMES if name in self._problems])

    def public_url(self) -> str:
        if "PUBLIC_URL" not in self._values and "HEROKU_APP_DEFAULT_DOMAIN_NAME" in self._values:
            return self.read("HEROKU_APP_DEFAULT_DOMAIN_NAME", _https_url_of_domain, default="")
        return self.read("PUBLIC_URL", _origin, default="", needed=True)

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
        self._problems |= {name: "is not set" for name in names if name not in self._values}

    def webhook_secrets(self) -> tuple[str, ...]:
        secrets = self.read("ZENDESK_WEBHOOK_SECRET", _webhook_secrets, default=_NONE)
        if not secrets:
            self._warnings.append("ZENDESK_WEBHOOK_SECRET is not set: no ticket is accepted")
        return secrets


def _nearly_ours(environ: Mapping[str, str]) -> Iterator[str]:
    """A line for each of our variables that others' names may mean, in the order of the docs."""
    meant: dict[str, list[str]] = {}
    for name in sorted(set(environ) - set(NAMES)):
        like = difflib.get_close_matches(name.strip().upper().replace("-", "_"), NAMES, n=1, cutoff=_NEARLY)
        if like and environ[name].strip():
            shown = "".join(each if each.isprintable() else "?" for each in name[:60])
            meant.setdefault(like[0], []).append(shown)
    for name in sorted(meant, key=NAMES.index):
        one = len(meant[name]) == 1
        told = f"{' and '.join(meant[name])} {'is' if one else 'are'} set, and nobody reads {'it' if one else 'them'}"
        yield f"{told}: is {name} meant?"


def _both(problem: str, around: str | None) -> str:
    """A problem in a variable's own words, and what stands around the value: that alone explains other problems."""
    if around is None or around in problem:
        return problem
    return f"{problem}; it {around}" if problem.startswith("must ") else around


def _as_it_was_meant(raw: str) -> str:
    """A value as it stands, or ValueError when it is what should have been replaced."""
    around = _around(raw)
    if around is not None:
        raise ValueError(around)
    return raw


def _around(raw: str) -> str | None:
    """What a value has around it that should not be there, in words."""
    if any(len(raw) > 1 and raw[0] == pair[0] and pair[1] in (raw[-1], _before_a_remark(raw)) for pair in _QUOTES):
        return "still has quotes around it, which docker run --env-file, for one, keeps: write it without them"
    if re.fullmatch(r"<.*>|\$\(.*\)|\$\{\w+\}|\{\{.*\}\}", raw, re.DOTALL):
        return "holds what should have been replaced by a value: nothing is run or filled in here"
    return None


def _before_a_remark(raw: str) -> str:
    """The last character before a `# remark`, which some readers of such files keep."""
    return raw.partition(" #")[0].rstrip()[-1:]


# -- Converters: the text of one variable in, its value out, or ValueError with the rest of the sentence "<NAME> ..."
# No message repeats a value: it may be a secret in the wrong place.


def _text(raw: str) -> str:
    if not raw.isprintable():
        raise ValueError("has a character that cannot be printed")
    return raw


def _secret(raw: str) -> str:
    if not (raw.isascii() and raw.isprintable()) or " " in raw:
        raise ValueError("must be plain ASCII without spaces")
    if len(raw) < SECRET_LENGTH or len(set(raw)) == 1:
        raise ValueError("is too short, or too simple, to be one")
    return _no_placeholder(raw)


def _no_placeholder(raw: str) -> str:
    """A secret that somebody made, and no word that stands for one."""
    words = r"(change|replace)[-_ ]?(me|this|it)(?![a-z])|placeholder|^(your|my)[-_ ]"
    if re.search(words, _as_it_was_meant(raw), re.IGNORECASE):
        raise ValueError("is a word that stands for a secret: put the secret itself there")
    return raw


def _webhook_secret(raw: str) -> str:
    if raw == ZENDESK_TEST_SECRET:
        raise ValueError("holds Zendesk's published test secret, which everybody knows: set the webhook's own")
    return _secret(raw)


def _password(raw: str) -> str:
    if len(_text(raw)) < PASSWORD_LENGTH:
        raise ValueError(f"must have {PASSWORD_LENGTH} characters or more")
    return _no_placeholder(raw)


def _webhook_secrets(raw: str) -> tuple[str, ...]:
    return _many(raw, _webhook_secret, "must be signing secrets without spaces, separated by commas")


def _secret_key(raw: str) -> str:
    if len(_text(raw)) < SECRET_KEY_LENGTH:
        raise ValueError(f"must have {SECRET_KEY_LENGTH} characters or more")
    return _no_placeholder(raw)


def _secret_keys(raw: str) -> tuple[str, ...]:
    form = f"must be earlier values of SECRET_KEY, of {SECRET_KEY_LENGTH} characters or more, separated by commas"
    return _many(raw, _secret_key, form, shortest=SECRET_KEY_LENGTH)


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


def _origin(raw: str) -> str:
    url = _web_url(raw)
    if urlsplit(url).path:
        raise ValueError("must have no path: the pages and endpoints are at the top of an address of their own")
    return url


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


def _redis_url(*, verify: bool) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        redis_url.refuse(raw, _split_url(raw), verify=verify)
        return raw

    return convert


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
    form = "must be seconds, separated by commas, such as 60,300,900"
    times = _many(raw, _seconds, form)
    if not 0 < len(times) <= 20:  # noqa: PLR2004 -- a limit, named here only
        raise ValueError(f"{form}, and 20 of them at most")
    return times


def _parts(raw: str) -> list[str]:
    """The values of a list, without the blanks around them; a comma too many is none."""
    return [part.strip() for part in raw.split(",") if part.strip()]


def _many(raw: str, convert: Callable[[str], T], form: str, *, shortest: int = 1) -> tuple[T, ...]:
    """The values of a list; all that is wrong with them is told behind what a list of this variable looks like.

    Blanks stand for missing commas when each piece between them has the length of a value.
    """
    around = _around(raw)
    if around is not None:
        raise ValueError(f"{form}; it {around}")
    values, wrong = [], dict[str, None]()
    for part in _parts(raw):
        try:
            words = part.split()
            if len(words) > 1 and min(map(len, words)) >= shortest:
                raise ValueError("has blanks in it, where a comma should stand")  # noqa: TRY301 -- told with the others
            values.append(convert(_as_it_was_meant(part)))
        except ValueError as problem:
            wrong[f"{problem}"] = None
    if wrong:
        raise ValueError(f"{form}: one of them {', and one '.join(wrong)}")
    return tuple(values)


def _one_of(*choices: str) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        for choice in choices:
            if raw.lower() == choice.lower():
                return choice
        raise ValueError(f"must be one of {', '.join(choices)}")

    return convert
