"""What Zendesk's webhook delivers: bytes and headers in, facts out; no I/O.

Signature: base64(HMAC-SHA256(secret, timestamp + raw body)),
https://developer.zendesk.com/documentation/webhooks/verifying/
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integration.errors import MalformedDelivery, OutOfDate, UnverifiedDelivery, WrongSignature
from integration.facts import NewCase, Person, Rating, case_key
from integration.json_body import email_address, identity, parse_object
from integration.ports import Headers
from integration.zendesk import people, ratings
from integration.zendesk.settings import ZENDESK_TEST_SECRET, ZendeskSettings
from integration.zendesk.times import unix

DESK = "zendesk"  # what the keys of its cases begin with
ENDPOINT = "/zendesk/tickets"  # below PUBLIC_URL: where a webhook has to point
FRESH_SECONDS = 15 * 60  # how old, or how far ahead of our clock, a signature may be
MAX_BYTES = 256 * 1024  # Zendesk renders no larger payload

SIGNATURE = "X-Zendesk-Webhook-Signature"
TIMESTAMP = "X-Zendesk-Webhook-Signature-Timestamp"
INVOCATION = "X-Zendesk-Webhook-Invocation-Id"  # the same when a delivery is repeated; the signature does not cover it

_ISO_UTC = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z")
_BASE64_SHA256 = re.compile(r"[A-Za-z0-9+/]{43}=")
_INVOCATION_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LEADING_ID = re.compile(
    rb'\s*\{\s*"ticket_id"\s*:\s*(?:"([0-9]{1,18})"|([0-9]{1,18})(?=\s*[,}]))'
    rb'(?P<on_demand>\s*,\s*"on_demand"\s*:\s*true\s*[,}])?'
)


class TicketDoor:
    """Where Zendesk's triggers tell of new tickets, of highlights that somebody asks for, and of bad ratings.

    They call one webhook with one secret: there is one address to prove, and nothing more to set. What a body tells of,
    its start says, which is the trigger's own.
    """

    path = ENDPOINT
    ignored = 204
    max_bytes = MAX_BYTES

    def __init__(self, settings: ZendeskSettings) -> None:
        self._settings = settings

    @property
    def has_secret(self) -> bool:
        """Whether the webhook's secret is set."""
        return self._settings.accepts_deliveries

    def look_at(self, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` when the headers alone show that nobody signed this around `now`."""
        look_at(headers, now=now)

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` unless Zendesk signed the body with a secret of ours around `now`."""
        verify(body, headers, secrets=self._settings.webhook_secrets, now=now)

    def read(self, body: bytes, headers: Headers) -> NewCase | Rating | None:
        """The ticket that a verified delivery tells of, or how one was rated."""
        if ratings.is_one(body):
            return ratings.read(body, self._settings)
        case = read(body)
        if case is None:
            return None
        person = people.as_delivered(case.person.email, case.person.external_id, self._settings)
        return replace(case, person=person, demand=_invocation(headers) if case.on_demand else None)


def look_at(headers: Headers, *, now: float) -> None:
    """Raise `UnverifiedDelivery` when the headers alone show that nobody signed this around `now` (Unix seconds)."""
    signature, timestamp = headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, "")
    if not _BASE64_SHA256.fullmatch(signature) or not _ISO_UTC.fullmatch(timestamp):
        raise UnverifiedDelivery("signature headers missing or malformed")
    if abs(now - _unix(timestamp)) > FRESH_SECONDS:
        raise OutOfDate("signature out of date")


def verify(body: bytes, headers: Headers, *, secrets: Sequence[str], now: float) -> None:
    """Raise `UnverifiedDelivery` unless Zendesk signed `body` with one of `secrets` around `now` (Unix seconds)."""
    look_at(headers, now=now)
    signature, timestamp = headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, "")
    signed = timestamp.encode("ascii") + body
    matches = [hmac.compare_digest(_signature(secret, signed), signature.encode("ascii")) for secret in secrets]
    accepted = [secret != ZENDESK_TEST_SECRET for secret in secrets]
    if not any(match and own for match, own in zip(matches, accepted, strict=True)):
        raise WrongSignature("signature wrong")


def signed(body: bytes, *, secret: str, now: float) -> dict[str, str]:
    """The headers with which Zendesk would deliver `body` at `now`: for a test of our own endpoint."""
    timestamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {TIMESTAMP: timestamp, SIGNATURE: _signature(secret, timestamp.encode("ascii") + body).decode("ascii")}


def read(body: bytes) -> NewCase | None:
    """The ticket that a verified body tells of, or None when it tells of something else.

    A placeholder with a quote in it can break the JSON of a trigger; the ticket id at its start is still believed, and
    what follows at once: that somebody asks for highlights. `MalformedDelivery` when there is no id.
    """
    try:
        payload = parse_object(body)
    except MalformedDelivery:
        return _broken(body)
    kind = payload.get("type")
    if "ticket_id" not in payload and isinstance(kind, str) and kind.startswith("zen:"):
        return _created_event(payload) if kind == "zen:event-type:ticket.created" else None
    person = Person(
        email=email_address(payload.get("requester_email")),
        external_id=identity(payload.get("requester_external_id")),
    )
    case = _case(_ticket_id(payload.get("ticket_id")), person)
    return replace(case, on_demand=payload.get("on_demand") is True)


def normalised_endpoint(address: str) -> tuple[str, str, str]:
    """Scheme, host and path of an address, in a form that is equal for addresses of the same endpoint."""
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return "", "", ""
    return parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/")


def _invocation(headers: Headers) -> str | None:
    """Which delivery it is, however often it is made; None when Zendesk does not say."""
    invocation = headers.get(INVOCATION, "")
    return invocation if _INVOCATION_ID.fullmatch(invocation) else None


def _signature(secret: str, signed: bytes) -> bytes:
    return base64.b64encode(hmac.digest(secret.encode("ascii"), signed, "sha256"))


def _unix(timestamp: str) -> float:
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except (ValueError, OverflowError):
        raise UnverifiedDelivery("signature timestamp is no time") from None


def _broken(body: bytes) -> NewCase:
    """What can be read of a body that is no JSON."""
    match = _LEADING_ID.match(body)
    if match is None:
        raise MalformedDelivery("neither JSON nor a ticket id at its start")
    case = _case(_ticket_id((match[1] or match[2]).decode("ascii")))
    return replace(case, on_demand=match["on_demand"] is not None)


def _case(number: int, person: Person | None = None) -> NewCase:
    return NewCase(key=case_key(DESK, number), person=person or Person(), number=number)


def _created_event(payload: dict[str, Any]) -> NewCase:
    told = payload.get("detail")
    detail = told if isinstance(told, dict) else {}
    return replace(_case(_ticket_id(detail.get("id"))), created=unix(detail.get("created_at")))


def _ticket_id(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,18}", value) or int(value) == 0:
        raise MalformedDelivery("no usable ticket id")
    return int(value)
