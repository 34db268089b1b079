"""The sandbox's own interface over HTTP, on Zendesk's port: faults, tickets, what was asked, LogRocket's moods."""

from __future__ import annotations

from typing import Any, Final, get_args
from urllib.parse import urlsplit

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.faults import Faults, MalformedFault, read_fault
from sandbox.logrocket import Callbacks, LogRocket, Outcome
from sandbox.outbound import NotLoopback, require_loopback
from sandbox.server import Recorded
from sandbox.zendesk import Ticket, Zendesk, shapes
from sandbox.zendesk.account import STATUSES

TICKET_FIELDS: Final = {
    "requester": (str, type(None)),
    "name": (str,),
    "external_id": (str, type(None)),
    "subject": (str,),
    "description": (str,),
    "status": (str,),
    "public": (bool,),
    "deliver": (bool,),
}


class Malformed(ValueError):  # it says what was found
    """Data that cannot be meant; the message says what is wrong with it."""


def blueprint(zendesk: Zendesk, logrocket: LogRocket, faults: Faults) -> Blueprint:
    """Return the routes under `/sandbox/api`."""
    routes = Blueprint("control", __name__, url_prefix="/sandbox/api")
    routes.before_request(refuse_other_sites)
    for refused in (Malformed, MalformedFault):
        routes.register_error_handler(refused, _told)

    def list_faults() -> ResponseReturnValue:
        return jsonify(faults=faults.as_json())

    def add_fault() -> ResponseReturnValue:
        faults.add(read_fault(request.get_json(force=True, silent=True)))
        return jsonify(faults=faults.as_json()), 201

    def clear_faults() -> ResponseReturnValue:
        faults.clear()
        return "", 204

    def file_ticket() -> ResponseReturnValue:
        return jsonify(id=zendesk.file_ticket(**read_ticket(_sent()))), 201

    def list_tickets() -> ResponseReturnValue:
        return jsonify(tickets=[_ticket(zendesk, ticket) for ticket in zendesk.tickets()])

    def list_requests() -> ResponseReturnValue:
        asked: dict[str, Zendesk | LogRocket] = {"zendesk": zendesk, "logrocket": logrocket}
        service = request.args.get("service", "zendesk")
        if service not in asked:
            raise Malformed("service: zendesk or logrocket")
        return jsonify(requests=[_recorded(seen) for seen in asked[service].requests])

    def set_logrocket() -> ResponseReturnValue:
        _apply(logrocket, _sent())
        return jsonify(delay=logrocket.delay, default=logrocket.default, callbacks=logrocket.callbacks)

    routes.add_url_rule("/faults", view_func=list_faults, methods=["GET"])
    routes.add_url_rule("/faults", view_func=add_fault, methods=["POST"])
    routes.add_url_rule("/faults", view_func=clear_faults, methods=["DELETE"])
    routes.add_url_rule("/tickets", view_func=file_ticket, methods=["POST"])
    routes.add_url_rule("/tickets", view_func=list_tickets, methods=["GET"])
    routes.add_url_rule("/requests", view_func=list_requests, methods=["GET"])
    routes.add_url_rule("/logrocket", view_func=set_logrocket, methods=["POST"])
    return routes


def refuse_other_sites() -> None:
    """Refuse what another website makes a browser send here: a foreign `Host` or `Origin`."""
    for address in (f"http://{request.host}/", request.headers.get("Origin", "")):
        try:
            if address:
                require_loopback(address)
        except NotLoopback:
            abort(403)
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.host:
        abort(403)


def read_ticket(data: dict[str, Any]) -> dict[str, Any]:
    """Read what `file_ticket` takes, or raise Malformed."""
    unknown = sorted(set(data) - set(TICKET_FIELDS))
    if unknown:
        raise Malformed(f"unknown field: {', '.join(unknown)}")
    for name, value in data.items():
        if not isinstance(value, TICKET_FIELDS[name]):
            kinds = " or ".join("null" if kind is type(None) else kind.__name__ for kind in TICKET_FIELDS[name])
            raise Malformed(f"{name}: must be {kinds}")
    if data.get("status", "new") not in STATUSES:
        raise Malformed(f"status: one of {', '.join(STATUSES)}")
    return data


def _sent() -> dict[str, Any]:
    data = request.get_json(force=True, silent=True)
    if not isinstance(data, dict):
        raise Malformed("the body must be a JSON object")
    return data


def _told(error: ValueError) -> ResponseReturnValue:
    return jsonify(error=str(error)), 400


def _apply(logrocket: LogRocket, data: dict[str, Any]) -> None:
    """Set LogRocket's moods, all that were sent or none."""
    outcomes, callbacks = get_args(Outcome), get_args(Callbacks)
    delay, script = data.get("delay", logrocket.delay), data.get("script", [])
    problems = {
        f"unknown field: {', '.join(sorted(set(data)))}": set(data) <= {"delay", "default", "callbacks", "script"},
        "delay: seconds, 0 or more": type(delay) in (int, float) and 0 <= delay < float("inf"),
        f"default: one of {', '.join(outcomes)}": data.get("default", logrocket.default) in outcomes,
        f"callbacks: one of {', '.join(callbacks)}": data.get("callbacks", logrocket.callbacks) in callbacks,
        f"script: a list of {', '.join(outcomes)}": isinstance(script, list) and all(o in outcomes for o in script),
    }
    for problem, fine in problems.items():
        if not fine:
            raise Malformed(problem)
    logrocket.delay = delay
    logrocket.default = data.get("default", logrocket.default)
    logrocket.callbacks = data.get("callbacks", logrocket.callbacks)
    if "script" in data:
        logrocket.script(*script)


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


def _recorded(seen: Recorded) -> dict[str, Any]:
    """Write a request that was recorded, without the credentials it came with."""
    headers = {
        name: value.partition(" ")[0] + " ..." if name.lower() == "authorization" else value
        for name, value in seen.headers.items()
    }
    return {
        "method": seen.method,
        "path": seen.path,
        "headers": headers,
        "body": seen.body.decode(errors="replace"),
        "at": seen.at,
        "status": seen.status,
    }
