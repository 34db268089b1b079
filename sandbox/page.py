"""The page of the sandbox: customers who file tickets, the tickets as an agent sees them, and what may go wrong."""

from __future__ import annotations

from collections.abc import Mapping
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
from sandbox.zendesk.records import BRAND_ID, BRANDS, RATINGS
from sandbox.zendesk.refusals import Refusal

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
            brands=BRANDS,
            agent=zendesk.desk.account.agent,
            tickets=[views.ticket(zendesk, logrocket, ticket) for ticket in reversed(zendesk.tickets())],
            product=zendesk.product,
        )
        return shown, HEADERS

    def file_ticket() -> ResponseReturnValue:
        customer = CUSTOMERS.get(request.form.get("customer", ""))
        if customer is not None:
            zendesk.file_ticket(**customer.ticket())
        else:
            file_for_somebody(zendesk, request.form)
        return redirect(url_for("page.show", _anchor="tickets"), 303)

    def change_ticket(ticket_id: int) -> ResponseReturnValue:
        change_as_agent(zendesk, ticket_id, request.form)
        return redirect(url_for("page.show", _anchor=f"ticket-{ticket_id}"), 303)

    def rate_ticket(ticket_id: int) -> ResponseReturnValue:
        rate_as_customer(zendesk, ticket_id, request.form)
        return redirect(url_for("page.show", _anchor=f"ticket-{ticket_id}"), 303)

    def switch_trouble() -> ResponseReturnValue:
        trouble = TROUBLES.get(request.form.get("trouble", ""))
        wanted = request.form.get("switch")
        if trouble is None or wanted not in ("on", "off"):
            abort(400)
        trouble.switch(world, wanted == "on")
        return redirect(url_for("page.show", _anchor="troubles"), 303)

    routes.add_url_rule("/", view_func=show)
    routes.add_url_rule("/sandbox/tickets", view_func=file_ticket, methods=["POST"])
    routes.add_url_rule("/sandbox/tickets/<int:ticket_id>", view_func=change_ticket, methods=["POST"])
    routes.add_url_rule("/sandbox/tickets/<int:ticket_id>/rating", view_func=rate_ticket, methods=["POST"])
    routes.add_url_rule("/sandbox/trouble", view_func=switch_trouble, methods=["POST"])
    return routes


def file_for_somebody(zendesk: Zendesk, form: Mapping[str, str]) -> None:
    """File a ticket for whoever is named in the form, by themselves or by the agent."""
    fields = ("name", "email", "subject", "description", "submitter")
    name, email, subject, description, submitter = (form.get(field, "").strip() for field in fields)
    brand = form.get("brand", str(BRAND_ID))
    if brand not in map(str, BRANDS) or submitter not in ("", zendesk.desk.account.agent.email):
        abort(400)
    zendesk.file_ticket(
        requester=email or None,
        name=name or "Somebody",
        subject=subject or "(no subject)",
        description=description or "(no text)",
        submitter=submitter or None,
        brand_id=int(brand),
    )


def rate_as_customer(zendesk: Zendesk, ticket_id: int, form: Mapping[str, str]) -> None:
    """Rate a ticket, with a comment or without."""
    rating = form.get("rating", "")
    if rating not in RATINGS:
        abort(400)
    try:
        zendesk.rate(ticket_id, "good" if rating == "good" else "bad", form.get("comment", "").strip() or None)
    except Refusal:
        abort(400)


def change_as_agent(zendesk: Zendesk, ticket_id: int, form: Mapping[str, str]) -> None:
    """Tag a ticket, or merge it into another one."""
    tags, into = form.get("tag", "").split(), form.get("into", "").strip()
    try:
        if into:
            zendesk.merge(ticket_id, into=int(into))
        elif tags:
            zendesk.add_tags(ticket_id, *tags)
    except (Refusal, ValueError):
        abort(400)
