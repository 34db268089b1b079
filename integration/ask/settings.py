"""What an admin sets about requests over HTTP: who may ask, and where callbacks may go."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from integration import standard_webhooks, variables
from integration.ask import hosts
from integration.ask.hosts import Host
from integration.parts import Part
from integration.variables import Reader

SERVICE: Final = "Ask"
DESK: Final = "ask"
NAMES: Final = ("ASK_TOKENS", "ASK_CALLBACK_SECRET", "ASK_CALLBACK_HOSTS", "ASK_KEEP_HOURS")
TOKEN_LENGTH: Final = 20  # characters, at least
_TOKENS, _SECRET, _HOSTS, _KEEP = NAMES
_SECRET_BYTES: Final = range(24, 65)  # as Standard Webhooks has it
_LONGEST_KEEP: Final = 30 * 24
_NO_HOSTS: Final[tuple[Host, ...]] = ()


@dataclass(frozen=True, kw_only=True)
class Token:
    """What a client proves itself with; the `name` is what the log calls the client."""

    name: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AskSettings(Part):
    """All of it; without `callback_secret` there are no callbacks."""

    tokens: tuple[Token, ...]
    callback_secret: str | None = field(repr=False)
    callback_hosts: tuple[Host, ...]
    keep_seconds: float

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        own = () if self.callback_secret is None else (self.callback_secret,)
        return (*(token.secret for token in self.tokens), *own)

    def facts(self) -> dict[str, object]:
        """What a process says of it at its start, in the log."""
        return {"clients": len(self.tokens)}


def read(reader: Reader) -> AskSettings | None:
    """All of it; None when nothing of it is set. How long results are kept asks for nothing by itself."""
    keep_hours = reader.read(_KEEP, _hours, default=24.0)
    if not any(map(reader.text, (_TOKENS, _SECRET, _HOSTS))):
        return None
    callbacks = bool(reader.text(_SECRET) or reader.text(_HOSTS))
    return AskSettings(
        tokens=reader.read(_TOKENS, _tokens, default=(), needed=True),
        callback_secret=reader.read(_SECRET, _callback_secret, default=None, needed=callbacks),
        callback_hosts=reader.read(_HOSTS, _hosts, default=_NO_HOSTS, needed=callbacks),
        keep_seconds=keep_hours * 3600,
    )


def signing_key(secret: str) -> bytes:
    """The bytes that callbacks are signed with; ValueError when the text is none."""
    form = "must be whsec_ and Base64 of 24 to 64 random bytes"
    try:
        key = standard_webhooks.key_of(secret)
    except ValueError:
        raise ValueError(form) from None
    if not secret.startswith(standard_webhooks.PREFIX) or len(key) not in _SECRET_BYTES:
        raise ValueError(form)
    return key


def _tokens(raw: str) -> tuple[Token, ...]:
    form = f"must be name:token, separated by commas, each token of {TOKEN_LENGTH} characters or more"
    tokens = variables.list_of(raw, _token, form, shortest=TOKEN_LENGTH)
    for what, own in (("name", [token.name for token in tokens]), ("token", [token.secret for token in tokens])):
        if len(set(own)) < len(own):
            raise ValueError(f"{form}: one {what} is there twice")
    return tokens


def _token(raw: str) -> Token:
    name, colon, secret = raw.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}", name):
        raise ValueError("has no name of letters, digits, - and _ before a colon")
    if len(variables.secret(secret)) < TOKEN_LENGTH:
        raise ValueError(f"is shorter than {TOKEN_LENGTH} characters")
    return Token(name=name, secret=secret)


def _callback_secret(raw: str) -> str:
    signing_key(raw)
    return raw


def _hosts(raw: str) -> tuple[Host, ...]:
    return variables.list_of(raw, hosts.host, "must be hosts, separated by commas, such as hooks.example.com")


def _hours(raw: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}", raw) or not 1 <= int(raw) <= _LONGEST_KEEP:
        raise ValueError(f"must be a whole number of hours from 1 to {_LONGEST_KEEP}")
    return float(raw)
