"""Users, tickets, comments and audits over HTTP."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.server import FAULT_KEY
from sandbox.zendesk import refusals, shapes
from sandbox.zendesk.account import Change, NewComment
from sandbox.zendesk.asking import agent, desk, me, require_scope, sent_object
from sandbox.zendesk.paging import page

blueprint = Blueprint("tickets", __name__)

_FIELDS = ("status", "priority", "type", "subject", "external_id", "group_id", "brand_id")


@blueprint.get("/users/me")
def show_me() -> ResponseReturnValue:
    """Show who is asking. Wrong Basic credentials get 200 and the anonymous user, as in reality."""
    user = me()
    if user is None:
        return jsonify(user=shapes.anonymous())
    if user.role != "end-user":
        require_scope("read", "users:read")
    return jsonify(user=shapes.user(user))


@blueprint.get("/users/<int:user_id>")
def show_user(user_id: int) -> ResponseReturnValue:
    """Show a user."""
    require_scope("read", "users:read")
    return jsonify(user=shapes.user(desk().account.user(user_id)))


@blueprint.get("/custom_roles/<int:role_id>")
def show_custom_role(role_id: int) -> ResponseReturnValue:
    """Show what a custom role may do, to admins and to agents who may manage roles."""
    require_scope("read")
    roles = desk().account.custom_roles
    if agent().role != "admin" and "manage_roles" not in roles.get(agent().custom_role_id or 0, {}):
        raise refusals.not_an_agent()
    found = roles.get(role_id)
    if found is None:
        raise refusals.not_found()
    return jsonify(custom_role={"id": role_id, "name": "Custom", "role_type": 0, "configuration": found})


@blueprint.get("/tickets")
def list_tickets() -> ResponseReturnValue:
    """List the tickets, oldest first."""
    require_scope("read", "tickets:read")
    return jsonify(page("tickets", list(desk().account.tickets.values()), shapes.ticket))


@blueprint.get("/tickets/<int:ticket_id>")
def show_ticket(ticket_id: int) -> ResponseReturnValue:
    """Show a ticket, without its comments."""
    require_scope("read", "tickets:read")
    return jsonify(ticket=shapes.ticket(desk().account.ticket(ticket_id)))


@blueprint.put("/tickets/<int:ticket_id>")
def update_ticket(ticket_id: int) -> ResponseReturnValue:
    """Update a ticket, maybe with a comment; the answer's audit tells what happened."""
    require_scope("write", "tickets:write")
    change = _change(sent_object("ticket"))
    desk().account.ticket(ticket_id)
    g.headers |= desk().limits.spend_update(ticket_id, agent().id)
    ticket, audit = desk().update(ticket_id, change, by=agent())
    return jsonify(ticket=shapes.ticket(ticket), audit=shapes.audit(audit))


@blueprint.get("/tickets/<int:ticket_id>/comments")
def list_comments(ticket_id: int) -> ResponseReturnValue:
    """List a ticket's comments, oldest first."""
    require_scope("read", "tickets:read")
    return jsonify(page("comments", desk().account.ticket(ticket_id).comments, shapes.comment))


@blueprint.put("/tickets/<int:ticket_id>/comments/<int:comment_id>/make_private")
def make_private(ticket_id: int, comment_id: int) -> ResponseReturnValue:
    """Turn a public comment into an internal note."""
    require_scope("write", "tickets:write")
    desk().account.make_private(ticket_id, comment_id)
    return "", 200, {"Content-Type": "application/json; charset=utf-8"}


@blueprint.get("/tickets/<int:ticket_id>/audits")
def list_audits(ticket_id: int) -> ResponseReturnValue:
    """List a ticket's audits; unlike its comments they need the global read scope."""
    require_scope("read")
    return jsonify(page("audits", desk().account.ticket(ticket_id).audits, shapes.audit))


@blueprint.get("/tickets/<int:ticket_id>/tags")
def list_tags(ticket_id: int) -> ResponseReturnValue:
    """List a ticket's tags."""
    require_scope("read", "tickets:read")
    return jsonify(tags=list(desk().account.ticket(ticket_id).tags))


@blueprint.put("/tickets/<int:ticket_id>/tags")
def add_tags(ticket_id: int) -> ResponseReturnValue:
    """Add tags to a ticket."""
    require_scope("write", "tickets:write")
    change = Change(more_tags=_tags(sent_object().get("tags")))
    g.headers |= desk().limits.spend_update(ticket_id, agent().id)
    ticket, _ = desk().update(ticket_id, change, by=agent())
    return jsonify(tags=list(ticket.tags))


def _change(sent: dict[str, Any]) -> Change:
    """Read what an update wants; `safe_update` counts however it is set, as the real service warns."""
    comment = sent.get("comment")
    if comment is not None and not isinstance(comment, dict):
        raise refusals.invalid_attribute("comment must be an object")
    metadata = sent.get("metadata") or {}
    return Change(
        comment=_comment(comment) if comment else None,
        fields={name: sent[name] for name in _FIELDS if sent.get(name) is not None},
        tags=_tags(sent["tags"]) if sent.get("tags") is not None else None,
        more_tags=_tags(sent.get("additional_tags")),
        fewer_tags=_tags(sent.get("remove_tags")),
        metadata=metadata if isinstance(metadata, dict) else {},
        unless_changed_since=str(sent.get("updated_stamp")) if "safe_update" in sent else None,
    )


def _comment(sent: dict[str, Any]) -> NewComment | None:
    """Read a comment; one without text is not added."""
    html_body, body = sent.get("html_body"), sent.get("body")
    if not any(isinstance(text, str) and text.strip() for text in (html_body, body)):
        return None
    fault = request.environ.get(FAULT_KEY)
    made_public = fault is not None and fault.public
    author_id = sent.get("author_id")
    if author_id is not None:
        author_id = desk().account.user(int(author_id)).id
    return NewComment(
        html_body=html_body,
        body=body,
        public=True if made_public else sent.get("public"),
        author_id=author_id,
    )


def _tags(sent: object) -> tuple[str, ...]:
    """Read tags: a list, or one string with spaces."""
    if isinstance(sent, str):
        return tuple(sent.split())
    return tuple(str(tag) for tag in sent) if isinstance(sent, list) else ()
