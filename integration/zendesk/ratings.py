"""How a customer rated a ticket, as our trigger tells of it: the body in, a fact out; no I/O.

    {"rated_ticket_id": "35436", "rating": "bad", "requester_email": "...", "requester_external_id": "...",
     "comment": "..."}

The trigger fires upon bad ratings alone, so its body says so in words of our own: Zendesk's are translated. Whether
Zendesk escapes what it fills in is not known, so there are two readings: what is JSON with exactly these fields, in
this order, is read as JSON; anything else by its outer form. Then no value but the comment, which is the last one, may
hold a quote, and the comment goes on to the body's end, whatever it holds. So a comment breaks nothing, and adds no
field.
https://support.zendesk.com/hc/en-us/articles/4408886858138-Zendesk-Support-placeholders-reference
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from integration.errors import MalformedDelivery
from integration.facts import TICKETS, Rating, case_key
from integration.json_body import parse_object
from integration.zendesk import people
from integration.zendesk.settings import ZendeskSettings

PAYLOAD: Final = (
    '{"rated_ticket_id": "{{ticket.id}}", "rating": "bad", "requester_email": "{{ticket.requester.email}}", '
    '"requester_external_id": "{{ticket.requester.external_id}}", "comment": "{{satisfaction.current_comment}}"}'
)
"""The trigger's body. Its first field is not that of new tickets: no release takes one for the other."""

LOWEST: Final = 0.0  # of 10: Zendesk's customers say good or bad
_START: Final = re.compile(rb'\s*\{\s*"rated_ticket_id"\s*:')
_FIELDS: Final = ("rated_ticket_id", "rating", "requester_email", "requester_external_id", "comment")
_HEAD: Final = re.compile(
    r'\s*\{\s*"rated_ticket_id"\s*:\s*(?:"([0-9]{1,18})"|([0-9]{1,18}))\s*,\s*"rating"\s*:\s*"bad"\s*(?=[,}])'
)
_REST: Final = re.compile(
    r',\s*"requester_email"\s*:\s*"(?P<email>[^"]*)"\s*,\s*"requester_external_id"\s*:\s*"(?P<external_id>[^"]*)"\s*,'
    r'\s*"comment"\s*:\s*"(?P<comment>.*)"\s*\}\s*',
    re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a body tells; of whoever rated the ticket as it stands there."""

    number: int
    email: object = field(default=None, repr=False)
    external_id: object = field(default=None, repr=False)
    comment: str | None = field(default=None, repr=False)


def is_one(body: bytes) -> bool:
    """Whether a body tells of a rating. Its start is the trigger's own: nothing that is filled in changes it."""
    return _START.match(body) is not None


def read(body: bytes, settings: ZendeskSettings) -> Rating:
    """The rating that a verified body tells of; `MalformedDelivery` when it names no ticket."""
    return rating(told(body), settings)


def rating(told: Told, settings: ZendeskSettings) -> Rating:
    """The same, of whoever is one of those whom notes are about."""
    return Rating(
        of=case_key(TICKETS, told.number),
        score=LOWEST,
        person=people.as_told(told.email, told.external_id, settings),
        comment=told.comment,
        url=f"{settings.url}/agent/tickets/{told.number}",
    )


def told(body: bytes) -> Told:
    """What a body tells, whichever way Zendesk has filled it in; `MalformedDelivery` when it names no ticket."""
    text = body.decode("utf-8", "replace")
    head = _HEAD.match(text)
    number = 0 if head is None else int(head[1] or head[2])
    if head is None or not number:
        raise MalformedDelivery("no usable id of the ticket that was rated, or it was not rated as bad")
    values = _as_json(body) or _as_it_stands(text[head.end() :])
    comment = values.get("comment")
    return Told(
        number=number,
        email=values.get("requester_email"),
        external_id=values.get("requester_external_id"),
        comment=comment if isinstance(comment, str) else None,
    )


def is_ours(body: object) -> bool:
    """Whether a trigger's body is the one that is read here, however it is spaced."""
    try:
        pairs = json.loads(body, object_pairs_hook=tuple) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return False
    return bool(pairs == json.loads(PAYLOAD, object_pairs_hook=tuple))


def _as_json(body: bytes) -> dict[str, Any]:
    """The fields of a body that is JSON with exactly those of ours; none when it is not."""
    try:
        payload = parse_object(body)
    except MalformedDelivery:
        return {}
    return payload if tuple(payload) == _FIELDS else {}


def _as_it_stands(rest: str) -> dict[str, str]:
    """The fields of a body by its outer form, behind the ticket and the rating; none when it has another."""
    form = _REST.fullmatch(rest)
    if form is None:
        return {}
    return dict(zip(_FIELDS[2:], (form["email"], form["external_id"], form["comment"]), strict=True))
