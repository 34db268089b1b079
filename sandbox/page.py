"""The page of the sandbox: customers who file tickets, the tickets as an agent sees them, and what may go wrong."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from sandbox import views
from sandbox.control import refuse_other_sites
from sandbox.customers import CUSTOMERS
from sandbox.faults import Faults
from sandbox.logrocket import LogRocket
from sandbox.troubles import TROUBLES, World
from sandbox.zendesk import Zendesk

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # no-referrer would make browsers send `Origin: null` with the forms
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def blueprint(zendesk: Zendesk, logrocket: LogRocket, faults: Faults) -> Blueprint:
    """Return the routes of the page."""
    routes = Blueprint(
        "page", __name__, template_folder="templates", static_folder="static", static_url_path="/sandbox/static"
    )
    routes.before_request(refuse_other_sites)
    world = World(zendesk, logrocket, faults)

    def show() -> ResponseReturnValue:
        shown = render_template(
            "page.html",
            customers=CUSTOMERS,
            troubles={name: views.switch(trouble, world) for name, trouble in TROUBLES.items()},
            tickets=[views.ticket(zendesk, logrocket, each) for each in reversed(zendesk.tickets())],
            product=zendesk.product,
        )
        return shown, HEADERS

    def file_ticket() -> ResponseReturnValue:
        known = CUSTOMERS.get(request.form.get("customer", ""))
        if known is not None:
            zendesk.file_ticket(**known.ticket())
        else:
            fields = ("name", "email", "subject", "description")
            name, email, subject, description = (request.form.get(field, "").strip() for field in fields)
            zendesk.file_ticket(
                requester=email or None,
                name=name or "Somebody",
                subject=subject or "(no subject)",
                description=description or "(no text)",
            )
        return redirect(url_for("page.show", _anchor="tickets"), 303)

    def add_tag() -> ResponseReturnValue:
        number = request.form.get("ticket", type=int)
        if number not in {ticket.id for ticket in zendesk.tickets()}:
            abort(400)
        zendesk.add_tags(number, "highlights")
        return redirect(url_for("page.show", _anchor=f"ticket-{number}"), 303)

    def switch_trouble() -> ResponseReturnValue:
        trouble = TROUBLES.get(request.form.get("trouble", ""))
        wanted = request.form.get("switch")
        if trouble is None or wanted not in ("on", "off"):
            abort(400)
        trouble.switch(world, wanted == "on")
        return redirect(url_for("page.show", _anchor="troubles"), 303)

    routes.add_url_rule("/", view_func=show)
    routes.add_url_rule("/sandbox/tickets", view_func=file_ticket, methods=["POST"])
    routes.add_url_rule("/sandbox/tag", view_func=add_tag, methods=["POST"])
    routes.add_url_rule("/sandbox/trouble", view_func=switch_trouble, methods=["POST"])
    return routes
