"""What an admin sets: environment variables, read once into one frozen object.

`.env` in the working directory is read too; a variable of the environment wins over it, even a blank one. Blank
counts as unset. Each service's folder declares its own part (`integration.parts`); they are collected here, so that
all that is wrong is told at once.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Final, TypeVar
from urllib.parse import urlsplit

from dotenv import dotenv_values

from integration import case_settings, note_settings, variables
from integration.cases import redis_url
from integration.cases.keys import ALLOWED, DEFAULT_PREFIX, Keys
from integration.errors import SettingsError
from integration.facts import CaseSettings, NoteStyle
from integration.parts import ChoosesProject, Part, ProjectRule
from integration.variables import Reader

SECRET_KEY_LENGTH: Final = 32
PASSWORD_LENGTH: Final = 12
LONGEST_KEEP_ALIVE: Final = 3600
_FIRST: Final = ("REDIS_URL", "REDIS_TLS_VERIFY", "KEY_PREFIX", "PUBLIC_URL", "SECRET_KEY", "SECRET_KEY_FALLBACKS")
_LAST: Final = (
    *case_settings.NAMES,
    *note_settings.NAMES,
    *("ADMIN_PASSWORD", "WEB_CONCURRENCY", "WORKER_CONCURRENCY", "KEEP_ALIVE_SECONDS"),
    *("POLL_AFTER_SECONDS", "FAILED_RETRY_SECONDS", "SETTLE_SECONDS", "BACKOFF_SECONDS", "RETENTION_DAYS"),
    *("LOG_LEVEL", "LOG_FORMAT", "HEROKU_APP_DEFAULT_DOMAIN_NAME"),
)
_NEARLY: Final = 0.88  # of difflib's likeness: a letter or two

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one process. URLs have no trailing slash, times are seconds; no secret is in its `repr`."""

    redis_url: str = field(repr=False)
    redis_tls_verify: bool
    key_prefix: str
    public_url: str
    secret_keys: tuple[str, ...] = field(repr=False)  # the current one first
    parts: tuple[Part, ...]  # what the services' folders declare, in the order of `integration.services`
    cases: CaseSettings
    note_style: NoteStyle
    admin_password: str | None = field(repr=False)
    web_concurrency: int
    worker_concurrency: int
    keep_alive_seconds: int
    poll_after_seconds: float
    failed_retry_seconds: tuple[float, ...]
    settle_seconds: float
    backoff_seconds: float
    retention_days: int
    log_level: str
    log_format: str
    warnings: tuple[str, ...] = ()

    @property
    def keys(self) -> Keys:
        """The names of all that is ours in Redis."""
        return Keys(self.key_prefix)

    @property
    def account(self) -> str:
        """Who this installation is: the accounts whose cases its keys hold, in words that are no secret."""
        return ", ".join(part.account for part in self.parts if part.account)

    @property
    def requests_per_hour(self) -> int:
        """How many requests for highlights there may be in an hour."""
        [number] = [number for part in self.parts if (number := part.requests_per_hour) is not None]
        return number

    @property
    def named_kinds(self) -> tuple[str, ...]:
        """What a desk has to tell by name, for a project of the summariser's to be chosen."""
        return tuple(kind for part in self.parts if isinstance(part, ChoosesProject) for kind in part.named_kinds)

    @property
    def project_rules(self) -> tuple[ProjectRule, ...]:
        """By which a project of the summariser's is chosen for a case."""
        return tuple(rule for part in self.parts if isinstance(part, ChoosesProject) for rule in part.project_rules)

    def of(self, kind: type[T]) -> T:
        """What one service's folder declares: `settings.of(ZendeskSettings)`; `SettingsError` when it is not set up."""
        part = self.find(kind)
        if part is None:
            service = kind.__name__.removesuffix("Settings")
            raise SettingsError([f"{service} is not set up: docs/settings.md tells which variables it needs"])
        return part

    def find(self, kind: type[T]) -> T | None:
        """What one service's folder declares; None when it is not set up."""
        return next((part for part in self.parts if isinstance(part, kind)), None)

    def having(self, part: Part) -> Settings:
        """The same with another of one folder's parts: for commands and tests."""
        return replace(self, parts=tuple(part if type(own) is type(part) else own for own in self.parts))

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        optional = (
            *redis_url.secrets_in(urlsplit(self.redis_url)),
            *([self.admin_password] if self.admin_password else []),
        )
        return (*self.secret_keys, *(secret for part in self.parts for secret in part.secrets), *optional)


@cache
def _folders() -> Mapping[str, ModuleType]:
    """The modules `settings` of the folders that have one."""
    from integration.services import FOLDERS  # noqa: PLC0415 -- it imports this module

    names = {folder: f"integration.{folder}.settings" for folder in FOLDERS}
    return {folder: import_module(name) for folder, name in names.items() if find_spec(name) is not None}


def _parts(reader: Reader) -> tuple[Part, ...]:
    """What the folders declare that are set up, or needed, or come with those."""
    from integration.services import completed, needed  # noqa: PLC0415 -- likewise

    parts: dict[str, Part | None] = {folder: module.read(reader) for folder, module in _folders().items()}
    for folder in needed([folder for folder, part in parts.items() if part is not None]):
        parts[folder] = parts[folder] or _folders()[folder].read_needed(reader)
    for folder in completed([folder for folder, part in parts.items() if part is not None]):
        parts[folder] = _folders()[folder].read_completed(reader)
    return tuple(part for part in parts.values() if part is not None)


def is_wanted(folder: str, environ: Mapping[str, str]) -> bool:
    """Whether a folder is set up, or is needed because of what is; what is wrong with a variable is not told here."""
    from integration.services import needed  # noqa: PLC0415 -- likewise

    reader = Reader(environ)
    set_up = [name for name, module in _folders().items() if module.read(reader) is not None]
    return folder in set_up or folder in needed(set_up)


@cache
def names() -> tuple[str, ...]:
    """Every variable, in the order in which the docs list them: messages are sorted by it."""
    return (*_FIRST, *(name for folder in _folders().values() for name in folder.NAMES), *_LAST)


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings, or raise `SettingsError` with every problem at once."""
    with reading(environ) as reader:
        return _settings(reader)


@contextmanager
def reading(environ: Mapping[str, str] | None = None) -> Iterator[Reader]:
    """A reader for some of the settings; `SettingsError` at the end, with a line for each variable at fault."""
    values = environment() if environ is None else environ
    reader = Reader(values)
    reader.warnings += _nearly_ours(values)
    yield reader
    if reader.problems:
        raise SettingsError([f"{name} {reader.problems[name]}" for name in names() if name in reader.problems])


def environment() -> dict[str, str]:
    """The variables of this process, with those of `.env` behind them."""
    try:
        values = dotenv_values(".env", interpolate=False)
    except ValueError:
        raise SettingsError([".env is not UTF-8 text"]) from None
    return {**{name: value for name, value in values.items() if value is not None}, **os.environ}


def public_url(reader: Reader) -> str:
    """Where the web process is reached: what the admin says, or the platform."""
    if not reader.text("PUBLIC_URL") and reader.text("HEROKU_APP_DEFAULT_DOMAIN_NAME"):
        return reader.read("HEROKU_APP_DEFAULT_DOMAIN_NAME", _https_url_of_domain, default="")
    return reader.read("PUBLIC_URL", _origin, default="", needed=True)


def _settings(reader: Reader) -> Settings:
    """Everything that is needed, and what an admin has set up besides."""
    read = reader.read
    verify = read("REDIS_TLS_VERIFY", variables.yes_or_no, default=True)
    secret_key = read("SECRET_KEY", _secret_key, default="", needed=True)
    return Settings(
        redis_url=read("REDIS_URL", _redis_url(verify=verify), default="", needed=True),
        redis_tls_verify=verify,
        key_prefix=read("KEY_PREFIX", _key_prefix, default=DEFAULT_PREFIX),
        public_url=public_url(reader),
        secret_keys=(secret_key, *read("SECRET_KEY_FALLBACKS", _secret_keys, default=variables.NONE)),
        parts=_parts(reader),
        cases=case_settings.read(reader),
        note_style=note_settings.read(reader),
        admin_password=read("ADMIN_PASSWORD", _password, default=None),
        web_concurrency=read("WEB_CONCURRENCY", variables.count, default=2),
        worker_concurrency=read("WORKER_CONCURRENCY", variables.count, default=4),
        keep_alive_seconds=read("KEEP_ALIVE_SECONDS", _keep_alive, default=95),
        poll_after_seconds=read("POLL_AFTER_SECONDS", variables.positive_seconds, default=300.0),
        failed_retry_seconds=read("FAILED_RETRY_SECONDS", variables.many_seconds, default=(60.0, 300.0, 900.0)),
        settle_seconds=read("SETTLE_SECONDS", variables.seconds, default=60.0),
        backoff_seconds=read("BACKOFF_SECONDS", variables.positive_seconds, default=5.0),
        retention_days=read("RETENTION_DAYS", _days, default=30),
        log_level=read("LOG_LEVEL", variables.one_of("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
        log_format=read("LOG_FORMAT", variables.one_of("text", "json"), default="text"),
        warnings=tuple(reader.warnings),
    )


def _nearly_ours(environ: Mapping[str, str]) -> Iterator[str]:
    """A line for each of our variables that others' names may mean, in the order of the docs."""
    meant: dict[str, list[str]] = {}
    for name in sorted(set(environ) - set(names())):
        like = difflib.get_close_matches(name.strip().upper().replace("-", "_"), names(), n=1, cutoff=_NEARLY)
        if like and environ[name].strip():
            shown = "".join(character if character.isprintable() else "?" for character in name[:60])
            meant.setdefault(like[0], []).append(shown)
    for name in sorted(meant, key=names().index):
        one = len(meant[name]) == 1
        told = f"{' and '.join(meant[name])} {'is' if one else 'are'} set, but {'is' if one else 'are'} not read"
        yield f"{told}: is {name} meant?"


def _password(raw: str) -> str:
    if len(variables.text(raw)) < PASSWORD_LENGTH:
        raise ValueError(f"must have {PASSWORD_LENGTH} characters or more")
    return variables.no_placeholder(raw)


def _secret_key(raw: str) -> str:
    if len(variables.text(raw)) < SECRET_KEY_LENGTH:
        raise ValueError(f"must have {SECRET_KEY_LENGTH} characters or more")
    return variables.no_placeholder(raw)


def _secret_keys(raw: str) -> tuple[str, ...]:
    form = f"must be earlier values of SECRET_KEY, of {SECRET_KEY_LENGTH} characters or more, separated by commas"
    return variables.list_of(raw, _secret_key, form, shortest=SECRET_KEY_LENGTH)


def _origin(raw: str) -> str:
    url = variables.web_url(raw)
    if urlsplit(url).path:
        raise ValueError("must have no path: the pages and endpoints are at the top of an address of their own")
    return url


def _https_url_of_domain(raw: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9.-]+", raw):
        raise ValueError("must be a domain")
    return variables.web_url(f"https://{raw}")


def _redis_url(*, verify: bool) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        redis_url.refuse(raw, variables.split_url(raw), verify=verify)
        return raw

    return convert


def _key_prefix(raw: str) -> str:
    if not ALLOWED.fullmatch(raw):
        raise ValueError("must have letters, digits, - and _ alone, 40 at most, and begin with a letter or a digit")
    return raw


def _keep_alive(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", raw) or not 1 <= int(raw) <= LONGEST_KEEP_ALIVE:
        raise ValueError(f"must be a whole number of seconds from 1 to {LONGEST_KEEP_ALIVE}")
    return int(raw)


def _days(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,4}", raw) or int(raw) == 0:
        raise ValueError("must be a whole number of days, 1 or more")
    return int(raw)
