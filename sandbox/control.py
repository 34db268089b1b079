"""The sandbox's own interface over HTTP, on Zendesk's port: faults, what was asked, and the parts of both services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox import control_logrocket, control_tickets
from sandbox.faults import Faults, Malformed, read_fault
from sandbox.logrocket import LogRocket
from sandbox.outbound import NotLoopback, require_loopback
from sandbox.server import Recorded, Records
from sandbox.zendesk import Zendesk


def blueprint(zendesk: Zendesk, logrocket: LogRocket, faults: Faults, *, recorders: Mapping[str, Records]) -> Blueprint:
    """Return the routes under `/sandbox/api`; `recorders` keep what they were asked, by the names of the services."""
    routes = Blueprint("control", __name__, url_prefix="/sandbox/api")
    routes.before_request(refuse_other_sites)
    routes.register_error_handler(Malformed, _told)

    def list_faults() -> ResponseReturnValue:
        return jsonify(faults=faults.as_json())

    def add_fault() -> ResponseReturnValue:
        faults.add(read_fault(request.get_json(force=True, silent=True)))
        return jsonify(faults=faults.as_json()), 201

    def clear_faults() -> ResponseReturnValue:
        faults.clear()
        return "", 204

    def list_requests() -> ResponseReturnValue:
        services = {name.lower(): recorder for name, recorder in recorders.items()}
        service = request.args.get("service", "zendesk")
        if service not in services:
            raise Malformed(f"service: {', '.join(services)}")
        return jsonify(requests=[_recorded(seen) for seen in services[service].requests])

    routes.add_url_rule("/faults", view_func=list_faults, methods=["GET"])
    routes.add_url_rule("/faults", view_func=add_fault, methods=["POST"])
    routes.add_url_rule("/faults", view_func=clear_faults, methods=["DELETE"])
    routes.add_url_rule("/requests", view_func=list_requests, methods=["GET"])
    control_tickets.add_routes(routes, zendesk)
    control_logrocket.add_routes(routes, logrocket)
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


def _told(error: Malformed) -> ResponseReturnValue:
    return jsonify(error=str(error)), 400


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
