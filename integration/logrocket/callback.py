"""The address that LogRocket calls back: it carries the ticket id and a signed token; no I/O.

The token proves that this integration asked for the callback. It is bound to the ticket and expires; LogRocket
signs nothing of its own.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from typing import Protocol
from urllib.parse import urlencode

from itsdangerous import BadData, URLSafeSerializer

from integration.errors import OutOfDate, UnverifiedDelivery, WrongSignature

PATH = "/logrocket/highlights"
VALID_SECONDS = 24 * 60 * 60
MAX_BYTES = 1024 * 1024
_SALT = "logrocket-callback"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}\.[A-Za-z0-9_-]{27}")  # of itsdangerous: what is signed, and an HMAC of SHA-1


class Query(Protocol):
    """A parsed query string: every value of a name."""

    def getlist(self, name: str) -> list[str]:
        """The values given for `name`, in order."""


def address(public_url: str, ticket_id: int, *, secret_keys: Sequence[str], now: float) -> str:
    """The `webhookURL` for one request; `now` in Unix seconds."""
    token = _serializer(secret_keys).dumps([ticket_id, int(now) + VALID_SECONDS])
    query = urlencode({"ticket_id": ticket_id, "token": token})
    return f"{public_url}{PATH}?{query}"


def verify(query: Query, *, secret_keys: Sequence[str], now: float) -> int:
    """The ticket id that the callback is for; `UnverifiedDelivery` unless its token was made for it and is valid."""
    tickets, tokens = query.getlist("ticket_id"), query.getlist("token")
    if len(tickets) != 1 or len(tokens) != 1:
        raise UnverifiedDelivery("ticket_id and token must be given once")
    try:
        claims = _serializer(secret_keys).loads(tokens[0])
    except (BadData, ValueError, RecursionError):
        raise _wrong(tokens[0]) from None
    if not _spelt_as_signed(tokens[0], claims, secret_keys):
        raise _wrong(tokens[0])
    ticket_id, expires = _claims(claims)
    if str(ticket_id) != tickets[0]:
        raise UnverifiedDelivery("token of another ticket")
    if now >= expires:
        raise OutOfDate("token expired")
    return ticket_id


def named(query: Query) -> str | None:
    """The ticket id that an address carries, whoever wrote it there: nothing proves it. Digits, 18 at most."""
    tickets = query.getlist("ticket_id")
    return tickets[0] if len(tickets) == 1 and re.fullmatch(r"[0-9]{1,18}", tickets[0][:19]) else None


def _wrong(token: str) -> UnverifiedDelivery:
    """Why a token is refused: it may have been made with another key, or is none at all."""
    return WrongSignature("token wrong") if _TOKEN.fullmatch(token) else UnverifiedDelivery("token wrong")


def _spelt_as_signed(token: str, claims: object, secret_keys: Sequence[str]) -> bool:
    """Whether it is one of our tokens to the letter: Base64 lets some last letters stand for each other."""
    given = token.encode("utf-8", "replace")
    signed = [_serializer([key]).dumps(claims) for key in secret_keys]
    return any(hmac.compare_digest(given, each.encode()) for each in signed)


def _claims(found: object) -> tuple[int, int]:
    match found:
        case [int(ticket_id), int(expires)]:
            return ticket_id, expires
        case _:
            raise UnverifiedDelivery("token is none of ours")


def _serializer(secret_keys: Sequence[str]) -> URLSafeSerializer:
    oldest_first = list(reversed(secret_keys))  # itsdangerous signs with the last, accepts them all
    return URLSafeSerializer(oldest_first, salt=_SALT)
