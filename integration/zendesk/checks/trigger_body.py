"""What a trigger sends, held against what is read of it: `ticket_id` first, and nobody but the requester (pure).

`ticket_id` has to stand first: a quote in what Zendesk fills in behind it breaks the JSON, and then its start is
believed. https://support.zendesk.com/hc/en-us/articles/4408886858138-Zendesk-Support-placeholders-reference
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from integration.errors import MalformedDelivery
from integration.zendesk import webhook as deliveries

_TICKET: Final = re.compile(r"\{\{-?\s*ticket\.id\s*-?\}\}")
_PLACEHOLDER: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_NUMBER: Final = "4711000000"  # in a ticket's place
_LONGEST: Final = 20_000  # characters that are looked at
_EXPECTED: Final = {
    "requester_email": re.compile(r"\{\{-?\s*ticket\.requester\.email\s*-?\}\}"),
    "requester_external_id": re.compile(r"\{\{-?\s*ticket\.requester\.external_id\s*-?\}\}"),
}
BODY: Final = '{"ticket_id": "{{ticket.id}}"}'
"""The shortest that will do."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong with a body, as the rest of the sentence "the body of the trigger ..."."""

    words: str
    loses_tickets: bool = True


def fault_of(body: object) -> Fault | None:
    """The worst that is wrong with a trigger's body; None when it is as it should be."""
    if not isinstance(body, str) or not body.strip():
        return Fault(words="is empty")
    body = body[:_LONGEST]
    pairs = _pairs(body)
    if pairs is None:
        return Fault(words="is no JSON object", loses_tickets=not _is_read_all_the_same(body))
    return _of_the_id(pairs) or _of_the_rest(dict(pairs))


def _is_read_all_the_same(body: str) -> bool:
    """Whether the ticket's number is found at the start of what is no JSON."""
    try:
        return deliveries.read(_TICKET.sub(_NUMBER, body).encode(errors="replace")) is not None
    except MalformedDelivery:
        return False


def _pairs(body: str) -> list[tuple[str, Any]] | None:
    """The fields in their order, once Zendesk has put in the ticket's number; None when that is no JSON object."""
    try:
        read = json.loads(_TICKET.sub(_NUMBER, body), object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return None
    return list(read) if isinstance(read, _Pairs) else None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object, in its order, with what stands there twice."""


def _of_the_id(pairs: list[tuple[str, Any]]) -> Fault | None:
    """What is wrong with the field that names the ticket: then tickets are lost, now or with the next quote."""
    ids = [value for name, value in pairs if name == "ticket_id"]
    if not ids:
        return Fault(words="has no ticket_id: it does not name the ticket")
    if len(ids) > 1:
        return Fault(words="has ticket_id twice")
    if str(ids[0]).strip() != _NUMBER:
        what = "another placeholder" if _PLACEHOLDER.search(str(ids[0])) else "something other"
        return Fault(words=f"has {what} than {{{{ticket.id}}}} as ticket_id: it does not name the ticket")
    if pairs[0][0] != "ticket_id":
        return Fault(words="has ticket_id behind other fields: with a quote in one of those, the ticket is lost")
    return None


def _of_the_rest(values: dict[str, Any]) -> Fault | None:
    """What is not lost, and may be wrong all the same."""
    for name, expected in _EXPECTED.items():
        value = values.get(name, "")
        if value != "" and not (isinstance(value, str) and expected.fullmatch(value.strip())):
            meant = f"{{{{ticket.{name.replace('_', '.', 1)}}}}}"
            told = f"has something other than {meant} as {name}: the note may be about somebody else"
            return Fault(words=told, loses_tickets=False)
    others = [value for name, value in values.items() if name != "ticket_id" and name not in _EXPECTED]
    if any(_PLACEHOLDER.search(json.dumps(value)) for value in others):
        told = "has placeholders in fields that are not read here: their text is sent for nothing"
        return Fault(words=told, loses_tickets=False)
    return None
