"""Why a ticket has no note, and whether one can still come: from what the two services saw, and the product's log."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

from sandbox.logrocket import HighlightsRecord, LogRocket
from sandbox.zendesk import Delivery, Ticket, Zendesk

RETRY_SECONDS: Final = ("3", "5", "8")
"""After which the product asks LogRocket again when it failed (`FAILED_RETRY_SECONDS` in the sandbox)."""

_ENDED: Final = re.compile(r"(?:ticket (?:failed|skipped)|highlights empty)\b")
_STAMP: Final = re.compile(r"\S*\d:\d\d\S* \w+ +")
_PLACE: Final = re.compile(r" (?:ticket_id|case|step|state|tries|ms|next)=\S+")
_SHOWN: Final = 300


def why_no_note(zendesk: Zendesk, logrocket: LogRocket, ticket: Ticket) -> str | None:
    """Say why no note will come unless somebody does something; None while one may still come by itself."""
    said = last_words(zendesk, ticket.id)
    ended = said is not None and _ENDED.match(said) is not None
    nothing = _nothing_from(logrocket, ticket.id, ended=ended)
    reasons = (_not_told(zendesk, ticket), _nobody_to_ask_for(zendesk, ticket), nothing)
    known = next((reason for reason in reasons if reason is not None), None)
    return known or (f"the product's log says: {said}" if ended else None)


def last_words(zendesk: Zendesk, ticket_id: int) -> str | None:
    """Return what the product's log said last of a ticket, without what everybody knows."""
    line = zendesk.product.said_of(ticket_id) if zendesk.product else None
    return None if line is None else words_of(line)


def words_of(line: str) -> str:
    """Return a line of the product's log without what everybody knows."""
    return _PLACE.sub("", _STAMP.sub("", line, count=1))[:_SHOWN]


def requests_of(logrocket: LogRocket, ticket_id: int) -> list[tuple[str, HighlightsRecord]]:
    """Return the requests that the product made for a ticket, oldest first."""
    return [
        (request_id, record)
        for request_id, record in logrocket.results.items()
        if _ticket_of(record["webhookURL"]) == str(ticket_id)
    ]


def deliveries_of(zendesk: Zendesk, ticket_id: int) -> list[Delivery]:
    """Return what became of telling the product of a ticket."""
    return [delivery for delivery in zendesk.all_deliveries if delivery.ticket_id == ticket_id]


def _ticket_of(url: str | None) -> str:
    return parse_qs(urlsplit(url or "").query).get("ticket_id", [""])[0]


def _not_told(zendesk: Zendesk, ticket: Ticket) -> str | None:
    """What was wrong with telling the product, when that has come to its end."""
    if last_words(zendesk, ticket.id) is not None:
        return None  # it knows
    deliveries = deliveries_of(zendesk, ticket.id)
    if not deliveries:
        return "no trigger in Zendesk tells the product of it"
    if any(delivery.outcome in (None, "success") for delivery in deliveries):
        return None
    statuses = ", ".join(str(attempt.status or "no answer") for attempt in deliveries[-1].attempts) or "no attempt"
    if deliveries[-1].attempts and all(attempt.status is not None for attempt in deliveries[-1].attempts):
        return f"the product refused the delivery of ticket {ticket.id}: {statuses}"
    return f"Zendesk could not tell the product of it: {deliveries[-1].outcome} ({statuses})"


def _nobody_to_ask_for(zendesk: Zendesk, ticket: Ticket) -> str | None:
    requester = zendesk.desk.account.user(ticket.requester_id)
    if requester.email or requester.external_id:
        return None
    return "its requester has neither an e-mail address nor a user id, so there is nobody to ask LogRocket for"


def _nothing_from(logrocket: LogRocket, ticket_id: int, *, ended: bool) -> str | None:
    """What LogRocket told the product at last, when nothing follows from it; the product may have `ended` it before."""
    requests = requests_of(logrocket, ticket_id)
    if not requests or not (ended or _is_told(logrocket, *requests[-1])):
        return None
    if requests[-1][1]["outcome"] == "EMPTY":
        return "LogRocket has no session of its requester, so there is nothing to tell"
    tries = len(RETRY_SECONDS) + 1
    failed = [record for _, record in requests if record["outcome"] == "FAILED"]
    if requests[-1][1]["outcome"] == "FAILED" and len(failed) % tries == 0:
        return f"LogRocket failed {tries} times in a row, and the product gives up"
    return None


def _is_told(logrocket: LogRocket, request_id: str, record: HighlightsRecord) -> bool:
    """Whether the product knows what came of a request."""
    called = any(
        call.request_id == request_id and call.status is not None and call.status < 300  # any success
        for call in logrocket.callbacks_made
    )
    return record["ready"] and (called or polls_of(logrocket, request_id) > 0)


def polls_of(logrocket: LogRocket, request_id: str) -> int:
    """Return how often the product asked how far a request is."""
    return sum(1 for seen in logrocket.requests if seen.method == "GET" and request_id in seen.path)
