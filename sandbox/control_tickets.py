"""The tickets' part of the sandbox's own interface: what customers and agents do, and what there is to see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from sandbox.faults import Malformed
from sandbox.sent import sent_object
from sandbox.zendesk import Ticket, Zendesk, shapes
from sandbox.zendesk.account import STATUSES
from sandbox.zendesk.records import BRANDS, CHANNELS, FIELDS, FORMS, RATINGS
from sandbox.zendesk.refusals import Refusal

NULL: Final = type(None)
TICKET_FIELDS: Final = {
    "requester": (str, NULL),
    "name": (str, NULL),
    "external_id": (str, NULL),
    "submitter": (str, NULL),
    "suspended": (bool,),
    "subject": (str,),
    "description": (str,),
    "status": (str,),
    "tags": (list,),
    "brand_id": (int,),
    "form_id": (int,),
    "via": (str,),
    "custom_fields": (dict,),
    "created_at": (str,),
    "public": (bool,),
    "deliver": (bool,),
}


def add_routes(routes: Blueprint, zendesk: Zendesk) -> None:
    """Add the routes under `/tickets`."""

    def file_ticket() -> ResponseReturnValue:
        data = read_ticket(sent_object())
        return jsonify(id=_done(lambda: zendesk.file_ticket(**data))), 201

    def list_tickets() -> ResponseReturnValue:
        return jsonify(tickets=[_ticket(zendesk, ticket) for ticket in zendesk.tickets()])

    def add_tags(ticket_id: int) -> ResponseReturnValue:
        tags = _strings(sent_object().get("tags"), name="tags")
        _done(lambda: zendesk.add_tags(ticket_id, *tags))
        return "", 204

    def merge(ticket_id: int) -> ResponseReturnValue:
        into = sent_object().get("into")
        if type(into) is not int:
            raise Malformed("into: the number of a ticket")
        _done(lambda: zendesk.merge(ticket_id, into=into))
        return "", 204

    def rate(ticket_id: int) -> ResponseReturnValue:
        sent = sent_object()
        rating, comment = sent.get("rating"), sent.get("comment")
        if rating not in RATINGS or not isinstance(comment, str | None):
            raise Malformed(f"rating: one of {', '.join(RATINGS)}; comment: str or null")
        _done(lambda: zendesk.rate(ticket_id, rating, comment))
        return "", 204

    routes.add_url_rule("/tickets", view_func=file_ticket, methods=["POST"])
    routes.add_url_rule("/tickets", view_func=list_tickets, methods=["GET"])
    routes.add_url_rule("/tickets/<int:ticket_id>/tags", view_func=add_tags, methods=["POST"])
    routes.add_url_rule("/tickets/<int:ticket_id>/merge", view_func=merge, methods=["POST"])
    routes.add_url_rule("/tickets/<int:ticket_id>/rating", view_func=rate, methods=["POST"])


def read_ticket(data: dict[str, Any]) -> dict[str, Any]:
    """Read what `file_ticket` takes, or raise Malformed."""
    unknown = sorted(set(data) - set(TICKET_FIELDS))
    if unknown:
        raise Malformed(f"unknown field: {', '.join(unknown)}")
    for name, value in data.items():
        if type(value) not in TICKET_FIELDS[name]:
            kinds = " or ".join("null" if kind is NULL else kind.__name__ for kind in TICKET_FIELDS[name])
            raise Malformed(f"{name}: must be {kinds}")
    for name, known in {"status": STATUSES, "brand_id": BRANDS, "form_id": FORMS, "via": CHANNELS}.items():
        if name in data and data[name] not in known:
            raise Malformed(f"{name}: one of {', '.join(map(str, known))}")
    return data | {name: read(data[name]) for name, read in _READERS.items() if name in data}


def _strings(value: object, *, name: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Malformed(f"{name}: a list of strings")
    return tuple(value)


def _custom_fields(value: dict[str, Any]) -> dict[int, str]:
    if not all(number in map(str, FIELDS) and isinstance(text, str) for number, text in value.items()):
        raise Malformed(f"custom_fields: strings, by the numbers {', '.join(map(str, FIELDS))}")
    return {int(number): text for number, text in value.items()}


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Malformed("created_at: an ISO 8601 time") from None
    if moment.tzinfo is None:
        raise Malformed("created_at: with its offset from UTC")
    return moment


_READERS: Final[dict[str, Callable[[Any], object]]] = {
    "tags": lambda value: _strings(value, name="tags"),
    "custom_fields": _custom_fields,
    "created_at": _moment,
}


def _done(act: Callable[[], Any]) -> Any:  # noqa: ANN401  # whatever the act returns
    """Do something to the account; what Zendesk would refuse is told as malformed."""
    try:
        return act()
    except (Refusal, ValueError) as refused:
        raise Malformed(str(refused)) from None


def _ticket(zendesk: Zendesk, ticket: Ticket) -> dict[str, Any]:
    """Write a ticket with all that belongs to it."""
    requester = zendesk.desk.account.user(ticket.requester_id)
    deliveries = [delivery for delivery in zendesk.all_deliveries if delivery.ticket_id == ticket.id]
    return shapes.ticket(ticket) | {
        "requester": shapes.user(requester),
        "comments": [shapes.comment(comment) for comment in ticket.comments],
        "deliveries": [
            {"outcome": delivery.outcome, "statuses": [attempt.status for attempt in delivery.attempts]}
            for delivery in deliveries
        ],
    }
