"""Tickets, their comments, audits and tags over HTTP, and how they are merged."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.server import FAULT_KEY
from sandbox.zendesk import jobs, refusals, shapes
from sandbox.zendesk.account import Change, NewComment
from sandbox.zendesk.asking import agent, desk, require_scope, sent_object
from sandbox.zendesk.merging import MergeComments
from sandbox.zendesk.paging import page

blueprint = Blueprint("tickets", __name__)

_FIELDS = ("status", "priority", "type", "subject", "external_id", "group_id", "brand_id")


@blueprint.get("/tickets")
def list_tickets() -> ResponseReturnValue:
    """List the tickets, oldest first."""
    require_scope("read", "tickets:read")
    return jsonify(page("tickets", list(desk().account.tickets.values()), shapes.ticket))


@blueprint.get("/tickets/<int:ticket_id>")
def show_ticket(ticket_id: int) -> ResponseReturnValue:
    """Show a ticket, without its comments; with `include=users` beside its requester and its submitter."""
    require_scope("read", "tickets:read")
    ticket = desk().account.ticket(ticket_id)
    return jsonify({"ticket": shapes.ticket(ticket)} | _users((ticket.requester_id, ticket.submitter_id)))


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
    """List a ticket's comments, oldest first; with `include=users` beside their authors."""
    require_scope("read", "tickets:read")
    comments = desk().account.ticket(ticket_id).comments
    written = page("comments", comments, shapes.comment)
    return jsonify(written | _users(comment["author_id"] for comment in written["comments"]))


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


@blueprint.post("/tickets/<int:ticket_id>/tags")
def set_tags(ticket_id: int) -> ResponseReturnValue:
    """Give a ticket these tags and no others."""
    sent = sent_object()
    return jsonify(tags=_retagged(ticket_id, Change(tags=_tags(sent.get("tags")), **_safe(sent)))), 201


@blueprint.put("/tickets/<int:ticket_id>/tags")
def add_tags(ticket_id: int) -> ResponseReturnValue:
    """Add tags to a ticket."""
    sent = sent_object()
    return jsonify(tags=_retagged(ticket_id, Change(more_tags=_tags(sent.get("tags")), **_safe(sent))))


@blueprint.delete("/tickets/<int:ticket_id>/tags")
def remove_tags(ticket_id: int) -> ResponseReturnValue:
    """Take tags off a ticket; the answer is empty."""
    sent = sent_object()
    _retagged(ticket_id, Change(fewer_tags=_tags(sent.get("tags")), **_safe(sent)))
    return "", 204


@blueprint.post("/tickets/<int:ticket_id>/merge")
def merge_tickets(ticket_id: int) -> ResponseReturnValue:
    """Merge tickets into this one, as a job."""
    require_scope("write", "tickets:write")
    sent = sent_object()
    ids = sent.get("ids")
    if not isinstance(ids, list) or not all(type(number) is int for number in ids):
        raise refusals.invalid_attribute("ids must be an array of integers")
    tickets = [desk().account.ticket(number) for number in (*ids, ticket_id)]
    may_be_public = all(ticket.is_public for ticket in tickets)
    comments = MergeComments(
        source=_merge_comment(sent, "source_comment", may_be_public=may_be_public),
        target=_merge_comment(sent, "target_comment", may_be_public=may_be_public),
    )
    g.headers |= desk().limits.spend_update(ticket_id, agent().id)
    desk().merge(ids, into=ticket_id, comments=comments, by=agent())
    return jsonify(job_status=jobs.queued(desk().new_job(ids), account_url=desk().url))


@blueprint.get("/job_statuses/<job_id>")
def show_job(job_id: str) -> ResponseReturnValue:
    """Show what became of a job."""
    require_scope("read", "tickets:read")
    job = desk().jobs.get(job_id)
    if job is None:
        raise refusals.not_found()
    return jsonify(job_status=jobs.completed(job, account_url=desk().url))


def _retagged(ticket_id: int, change: Change) -> list[str]:
    """Change a ticket's tags; returns those that it has then."""
    require_scope("write", "tickets:write")
    desk().account.ticket(ticket_id)
    g.headers |= desk().limits.spend_update(ticket_id, agent().id)
    ticket, _ = desk().update(ticket_id, change, by=agent())
    return list(ticket.tags)


def _users(ids: Iterable[int]) -> dict[str, Any]:
    """Return the users that a request includes, none twice; nothing when it does not ask for them."""
    if "users" not in request.args.get("include", "").split(","):
        return {}
    return {"users": [shapes.user(desk().account.user(user_id)) for user_id in dict.fromkeys(ids)]}


def _merge_comment(sent: dict[str, Any], name: str, *, may_be_public: bool) -> NewComment | None:
    text, public = sent.get(name), sent.get(f"{name}_is_public") is True
    return NewComment(body=text, public=public and may_be_public) if isinstance(text, str) and text.strip() else None


def _safe(sent: dict[str, Any]) -> dict[str, Any]:
    """Read a safe update; `safe_update` counts however it is set, as the real service warns."""
    return {"unless_changed_since": str(sent.get("updated_stamp"))} if "safe_update" in sent else {}


def _change(sent: dict[str, Any]) -> Change:
    """Read what an update wants."""
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
        **_safe(sent),
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
