"""The address that LogRocket calls back: it carries the key of the case and a signed token; no I/O.

The token proves that this integration asked for the callback. It is bound to the case and expires; LogRocket
signs nothing of its own. Of a request to another project than the first one it carries the lane, too: when a worker
died before it could store the request, the callback is all that tells which project knows of it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from urllib.parse import urlencode

from itsdangerous import BadData, URLSafeSerializer

from integration.errors import OutOfDate, UnverifiedDelivery, WrongSignature
from integration.facts import TICKETS, CaseKey, Result, desk_of, read_case_key, reference_of
from integration.logrocket import results
from integration.ports import Query

PATH = "/logrocket/highlights"
VALID_SECONDS = 24 * 60 * 60
MAX_BYTES = 1024 * 1024
_SALT = "logrocket-callback"
_TICKET, _CASE, _PROJECT = "ticket_id", "case", "project"
_TOKEN = re.compile(
    r"\.?[A-Za-z0-9_-]{1,400}\.[A-Za-z0-9_-]{27}"
)  # of itsdangerous: what is signed, and an HMAC of SHA-1


class HighlightsCallback:
    """Where LogRocket sends the highlights that we asked for."""

    path = PATH
    max_bytes = MAX_BYTES

    def __init__(self, *, public_url: str, secret_keys: Sequence[str]) -> None:
        self._public_url, self._secret_keys = public_url, secret_keys

    def address(self, key: CaseKey, *, now: float, project: str | None = None) -> str:
        """The `webhookURL` for one request; `now` in Unix seconds."""
        return address(self._public_url, key, secret_keys=self._secret_keys, now=now, project=project)

    def verify(self, query: Query, *, now: float) -> CaseKey:
        """The case that the callback is for; `UnverifiedDelivery` unless its token was made for it and is valid."""
        return verify(query, secret_keys=self._secret_keys, now=now)

    def project(self, query: Query) -> str | None:
        """The lane of the project that was asked, of a URL that was verified."""
        return next(iter(query.getlist(_PROJECT)), None)

    def read(self, body: bytes) -> Result:
        """What came of the request; `MalformedDelivery` when the body does not tell."""
        return results.read(body)

    def claimed(self, query: Query) -> dict[str, str]:
        """The case that an address names, for the log, whoever wrote it there: nothing proves it."""
        return claimed(query)


def address(
    public_url: str, key: CaseKey, *, secret_keys: Sequence[str], now: float, project: str | None = None
) -> str:
    """The `webhookURL` for one request; `now` in Unix seconds."""
    claims = [key, int(now) + VALID_SECONDS, *([] if project is None else [project])]
    query = urlencode({**_named(key, project), "token": _serializer(secret_keys).dumps(claims)})
    return f"{public_url}{PATH}?{query}"


def _named(key: CaseKey, project: str | None) -> dict[str, str]:
    """What an address names: a ticket by its number, as all did before there were other cases, and the project."""
    case: dict[str, str] = {_TICKET: reference_of(key)} if desk_of(key) == TICKETS else {_CASE: key}
    return case if project is None else {**case, _PROJECT: project}


def verify(query: Query, *, secret_keys: Sequence[str], now: float) -> CaseKey:
    """The case that the callback is for; `UnverifiedDelivery` unless its token was made for it and is valid."""
    names = {name: query.getlist(name) for name in (_TICKET, _CASE, _PROJECT) if query.getlist(name)}
    tokens = query.getlist("token")
    if (
        any(len(values) != 1 for values in names.values())
        or len({_TICKET, _CASE} & set(names)) != 1
        or len(tokens) != 1
    ):
        raise UnverifiedDelivery("ticket_id or case, and token, must be given once")
    try:
        claims = _serializer(secret_keys).loads(tokens[0])
    except (BadData, ValueError, RecursionError):
        raise _wrong(tokens[0]) from None
    if not _spelt_as_signed(tokens[0], claims, secret_keys):
        raise _wrong(tokens[0])
    key, expires, project = _claims(claims)
    if {name: values[0] for name, values in names.items()} != _named(key, project):
        raise UnverifiedDelivery("token of another case")
    if now >= expires:
        raise OutOfDate("token expired")
    return key


def claimed(query: Query) -> dict[str, str]:
    """The case that an address names, for the log, whoever wrote it there: nothing proves it."""
    tickets, cases = query.getlist(_TICKET), query.getlist(_CASE)
    if len(tickets) == 1 and re.fullmatch(r"[0-9]{1,18}", tickets[0][:19]):
        return {"claimed_ticket_id": tickets[0]}
    try:
        return {"claimed_case": read_case_key(cases[0])} if len(cases) == 1 else {}
    except ValueError:
        return {}


def _wrong(token: str) -> UnverifiedDelivery:
    """Why a token is refused: it may have been made with another key, or is none at all."""
    return WrongSignature("token wrong") if _TOKEN.fullmatch(token) else UnverifiedDelivery("token wrong")


def _spelt_as_signed(token: str, claims: object, secret_keys: Sequence[str]) -> bool:
    """Whether it is one of our tokens to the letter: Base64 lets some last letters stand for each other."""
    given = token.encode("utf-8", "replace")
    signed = [_serializer([key]).dumps(claims) for key in secret_keys]
    return any(hmac.compare_digest(given, each.encode()) for each in signed)


def _claims(claims: object) -> tuple[CaseKey, int, str | None]:
    match claims:
        case [str(text), int(expires), str(project)]:
            return _key(text), expires, project
        case [str(text), int(expires)]:
            return _key(text), expires, None
    raise UnverifiedDelivery("token is none of ours")


def _key(text: str) -> CaseKey:
    try:
        return read_case_key(text)
    except ValueError:
        raise UnverifiedDelivery("token is none of ours") from None


def _serializer(secret_keys: Sequence[str]) -> URLSafeSerializer:
    oldest_first = list(reversed(secret_keys))  # itsdangerous signs with the last, accepts them all
    return URLSafeSerializer(oldest_first, salt=_SALT)
