"""The page of the sandbox: the tickets as an agent sees them, and forms to file one and to let things go wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from sandbox.control import refuse_other_sites
from sandbox.faults import Fault, Faults
from sandbox.logrocket import LogRocket
from sandbox.zendesk import Comment, Delivery, Ticket, Zendesk
from sandbox.zendesk.records import now

WAITS_AT_MOST: Final = timedelta(minutes=2)
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",  # no-referrer would make browsers send `Origin: null` with the forms
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

_TICKETS: Final = r"^/api/v2/tickets/"


@dataclass(frozen=True)
class Trouble:
    """Something that the page's form lets go wrong."""

    label: str
    begin: Callable[[LogRocket, Faults], None]


def _fault(fault: Fault) -> Callable[[LogRocket, Faults], None]:
    return lambda _logrocket, faults: faults.add(fault)


TROUBLES: Final = {
    "busy": Trouble(
        "Zendesk is too busy for the next note (429, come back in 5 s)",
        _fault(Fault(service="zendesk", method="PUT", path=_TICKETS, status=429, headers={"Retry-After": "5"})),
    ),
    "lost": Trouble(
        "Zendesk writes the next note and its answer gets lost",
        _fault(Fault(service="zendesk", method="PUT", path=_TICKETS, drop="after")),
    ),
    "down": Trouble(
        "LogRocket does not take the next request (503)",
        _fault(Fault(service="logrocket", method="POST", path="/highlights/", status=503)),
    ),
    "failed": Trouble("LogRocket fails the next request", lambda logrocket, _faults: logrocket.script("FAILED")),
    "empty": Trouble(
        "LogRocket knows no sessions for the next request", lambda logrocket, _faults: logrocket.script("EMPTY")
    ),
    "silent": Trouble(
        "LogRocket never calls back from now on", lambda logrocket, _faults: setattr(logrocket, "callbacks", "none")
    ),
}


@dataclass(frozen=True)
class CommentView:
    """A comment as the page shows it."""

    author: str
    internal: bool
    when: str
    text: Markup


@dataclass(frozen=True)
class TicketView:
    """A ticket as the page shows it."""

    number: int
    subject: str
    status: str
    requester: str
    comments: list[CommentView]
    deliveries: list[str]
    waits: bool


def blueprint(zendesk: Zendesk, logrocket: LogRocket, faults: Faults) -> Blueprint:
    """Return the routes of the page."""
    routes = Blueprint(
        "page", __name__, template_folder="templates", static_folder="static", static_url_path="/sandbox/static"
    )
    routes.before_request(refuse_other_sites)

    def show() -> ResponseReturnValue:
        tickets = [_view(zendesk, ticket) for ticket in reversed(zendesk.tickets())]
        waiting = "form" not in request.args and any(ticket.waits for ticket in tickets)
        shown = render_template(
            "page.html", tickets=tickets, waiting=waiting, troubles=TROUBLES, faults=faults.as_json()
        )
        return shown, HEADERS

    def file_ticket() -> ResponseReturnValue:
        fields = ("name", "email", "subject", "description")
        name, email, subject, description = (request.form.get(field, "").strip() for field in fields)
        zendesk.file_ticket(
            requester=email or None,
            name=name or "Somebody",
            subject=subject or "(no subject)",
            description=description or "(no text)",
        )
        return redirect(url_for("page.show"), 303)

    def begin_trouble() -> ResponseReturnValue:
        chosen = request.form.get("trouble", "")
        if chosen == "none":
            faults.clear()
            logrocket.script()
            logrocket.callbacks = "once"
        elif chosen in TROUBLES:
            TROUBLES[chosen].begin(logrocket, faults)
        else:
            abort(400)
        return redirect(url_for("page.show"), 303)

    routes.add_url_rule("/", view_func=show)
    routes.add_url_rule("/sandbox/tickets", view_func=file_ticket, methods=["POST"])
    routes.add_url_rule("/sandbox/trouble", view_func=begin_trouble, methods=["POST"])
    return routes


def _view(zendesk: Zendesk, ticket: Ticket) -> TicketView:
    requester = zendesk.desk.account.user(ticket.requester_id)
    deliveries = [delivery for delivery in zendesk.all_deliveries if delivery.ticket_id == ticket.id]
    noted = any(not comment.public for comment in ticket.comments)
    told = any(delivery.outcome in (None, "success") for delivery in deliveries)
    return TicketView(
        number=ticket.id,
        subject=ticket.subject,
        status=ticket.status,
        requester=f"{requester.name} <{requester.email}>" if requester.email else f"{requester.name}, no e-mail",
        comments=[_comment(zendesk, comment) for comment in ticket.comments],
        deliveries=[_sentence(delivery) for delivery in deliveries],
        waits=told and not noted and now() - ticket.created_at < WAITS_AT_MOST,
    )


def _comment(zendesk: Zendesk, comment: Comment) -> CommentView:
    """Show a comment; its HTML went through the stand-in's sanitiser when it was stored."""
    author = zendesk.desk.account.user(comment.author_id).name
    text = Markup(comment.html_body)  # noqa: S704  # sanitised, see above
    return CommentView(author, not comment.public, f"{comment.created_at:%H:%M:%S} UTC", text)


def _sentence(delivery: Delivery) -> str:
    """Say what became of a delivery."""
    statuses = ", ".join(str(attempt.status or "no answer") for attempt in delivery.attempts)
    return f"{delivery.outcome or 'under way'}{f' ({statuses})' if statuses else ''}"
