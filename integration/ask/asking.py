"""What a client asks for: its token, its idempotency key, the body; no I/O."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from integration.ask import hosts
from integration.ask.hosts import Host
from integration.ask.settings import Token
from integration.errors import MalformedDelivery
from integration.facts import Person, Stretch
from integration.json_body import parse_object

MAX_BYTES: Final = 16 * 1024  # of a body
LONGEST_QUESTION: Final = 500  # characters
LONGEST_REFERENCE: Final = 200
LONGEST_EMAIL: Final = 254
LONGEST_ID: Final = 200
LONGEST_KEY: Final = 255
FIELDS: Final = (
    *("email", "user_id", "question", "since", "until"),
    *("reference", "callback_url", "slack", "idempotency_key"),
)
_EARLIEST: Final = datetime(2015, 1, 1, tzinfo=UTC)  # no session was recorded before
_HEADER: Final = "Idempotency-Key"

T = TypeVar("T")


class Refused(Exception):
    """A request is refused, with the status and the words of the answer: nothing that the client sent is in them."""

    def __init__(self, status: int, code: str, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.field = status, code, field


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Highlights that are asked for; `written` is the body in one spelling, by which a repeat is known."""

    person: Person
    question: str | None = field(repr=False)
    within: Stretch | None
    reference: str | None = field(repr=False)
    callback_url: str | None = field(repr=False)
    slack: bool
    key: str | None = field(repr=False)  # of idempotency
    written: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What may be asked for: where callbacks may go, whether there is Slack, how far back is looked without `since`."""

    hosts: tuple[Host, ...] = ()
    slack: bool = False
    lookback: float


def client(authorization: str, tokens: Iterable[Token]) -> str:
    """The name of the client that a header proves; `Refused` when it proves none."""
    scheme, _, given = authorization.partition(" ")
    name = None
    for token in tokens:  # all of them are compared, whichever it is
        if hmac.compare_digest(given.strip().encode("utf-8", "replace"), token.secret.encode()):
            name = token.name
    if scheme.lower() != "bearer" or name is None:
        raise Refused(401, "unauthorized", "The header Authorization must be: Bearer, and a token of ASK_TOKENS.")
    return name


def read(body: bytes, header: str | None, *, offer: Offer, now: float) -> Asked:
    """What a body asks for; `header` is the idempotency key's own. `Refused` when it cannot be done."""
    try:
        given = parse_object(body)
    except MalformedDelivery as error:
        raise Refused(400, "invalid_body", f"The body must be a JSON object: it is {error}.") from None
    for name in given:
        if name not in FIELDS:
            raise Refused(400, "unknown_field", f"The body may have: {', '.join(FIELDS)}.")
    members = {name: value for name, value in given.items() if value is not None and value != ""}
    return Asked(
        person=_person(members),
        question=_member(members, "question", _text(LONGEST_QUESTION, lines=True)),
        within=_within(members, offer, now=now),
        reference=_member(members, "reference", _text(LONGEST_REFERENCE)),
        callback_url=_member(members, "callback_url", _callback(offer)),
        slack=_member(members, "slack", _slack(offer)) or False,
        key=_key(members, header),
        written=_written(members),
    )


def _written(members: Mapping[str, Any]) -> bytes:
    told = {name: value for name, value in members.items() if name != "idempotency_key"}
    return json.dumps(told, sort_keys=True, separators=(",", ":")).encode()


def _member(members: Mapping[str, Any], name: str, convert: Callable[[Any], T]) -> T | None:
    """A member's value; None when it is not given."""
    if name not in members:
        return None
    try:
        return convert(members[name])
    except ValueError as problem:
        raise Refused(400, "invalid_field", f"{name} {problem}.", field=name) from None


def _text(longest: int, *, lines: bool = False) -> Callable[[Any], str]:
    allowed = "\n\r\t" if lines else ""

    def convert(value: Any) -> str:  # noqa: ANN401 -- JSON
        if not isinstance(value, str):
            raise ValueError("must be a text")  # noqa: TRY004 -- told like all that is wrong with a member
        if len(value) > longest:
            raise ValueError(f"must have {longest} characters at most")
        if not value.strip() or not all(character.isprintable() or character in allowed for character in value):
            raise ValueError("must be a text that can be printed")
        return value

    return convert


# -- Who


def _person(members: Mapping[str, Any]) -> Person:
    person = Person(email=_member(members, "email", _email), external_id=_member(members, "user_id", _text(LONGEST_ID)))
    if not person.known:
        raise Refused(400, "missing_field", "email or user_id must be given.", field="email")
    return person


def _email(value: Any) -> str:  # noqa: ANN401 -- JSON
    address = _text(LONGEST_EMAIL)(value).strip()
    if not re.fullmatch(r"[^\s@]+@[^\s@]+", address):
        raise ValueError("must be an e-mail address")
    return address


# -- When


def _within(members: Mapping[str, Any], offer: Offer, *, now: float) -> Stretch | None:
    since, until = _member(members, "since", _moment), _member(members, "until", _moment)
    if since is None and until is None:
        return None
    end = now if until is None else until
    start = end - (offer.lookback or 72 * 3600.0) if since is None else since
    if start >= end or start >= now:
        wrong = "since" if since is not None else "until"
        what = "must be before until, and in the past" if since is not None else "must be in the past, or nearly so"
        raise Refused(400, "invalid_field", f"{wrong} {what}.", field=wrong)
    return Stretch(start=start, end=end)


def _moment(value: Any) -> float:  # noqa: ANN401 -- JSON
    form = "must be a time in ISO 8601, with its offset: 2026-11-29T14:30:00Z"
    if not isinstance(value, str) or len(value) > 40 or "T" not in value.upper():  # noqa: PLR2004 -- far longer than one
        raise ValueError(form)
    try:
        moment = datetime.fromisoformat(value.strip().upper())
    except ValueError:
        raise ValueError(form) from None
    if moment.tzinfo is None:
        raise ValueError(form)
    try:
        if moment < _EARLIEST:
            raise ValueError("must not be before 2015")
        return moment.timestamp()
    except OverflowError:
        raise ValueError(form) from None


# -- What comes of it


def _callback(offer: Offer) -> Callable[[Any], str]:
    def convert(value: Any) -> str:  # noqa: ANN401 -- JSON
        if not offer.hosts:
            raise ValueError("cannot be given: ASK_CALLBACK_HOSTS and ASK_CALLBACK_SECRET are not set")
        return hosts.target(_text(hosts.LONGEST_URL)(value), offer.hosts).url

    return convert


def _slack(offer: Offer) -> Callable[[Any], bool]:
    def convert(value: Any) -> bool:  # noqa: ANN401 -- JSON
        if not isinstance(value, bool):
            raise ValueError("must be true or false")  # noqa: TRY004 -- told like all that is wrong with a member
        if value and not offer.slack:
            raise ValueError("cannot be true: Slack is not set up")
        return value

    return convert


def _key(members: Mapping[str, Any], header: str | None) -> str | None:
    """The idempotency key, of the header (quoted or bare) or of the body."""
    in_body = _member(members, "idempotency_key", _checked_key)
    if header is None or not header.strip():
        return in_body
    try:
        own = _checked_key(_unquoted(header.strip()))
    except ValueError as problem:
        raise Refused(400, "invalid_field", f"{_HEADER} {problem}.", field=_HEADER) from None
    if in_body not in (None, own):
        raise Refused(400, "invalid_field", f"idempotency_key differs from {_HEADER}.", field="idempotency_key")
    return own


def _unquoted(header: str) -> str:
    quoted = re.fullmatch(r'"((?:[^"\\]|\\["\\])*)"', header)
    return header if quoted is None else re.sub(r"\\(.)", r"\1", quoted[1])


def _checked_key(value: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(value, str) or not re.fullmatch(rf"[\x20-\x7e]{{1,{LONGEST_KEY}}}", value) or not value.strip():
        raise ValueError(f"must be 1 to {LONGEST_KEY} printable ASCII characters")
    return value
