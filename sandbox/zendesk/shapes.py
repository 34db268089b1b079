"""How Zendesk's API writes its records as JSON."""

from __future__ import annotations

from typing import Any, Final

from sandbox.zendesk.delivery import Attempt, Delivery
from sandbox.zendesk.hooks import Trigger, Webhook
from sandbox.zendesk.macros import Macro
from sandbox.zendesk.records import FIELDS, Audit, Comment, Ticket, User, Via, iso

LIGHT_AGENT: Final = 1
CHAT_AGENT: Final = 2
"""Two of the `role_type`s of users."""

_SYSTEM: Final = {
    "client": "sandbox",
    "ip_address": "127.0.0.1",
    "location": None,
    "latitude": None,
    "longitude": None,
}


def user(record: User) -> dict[str, Any]:
    """Write a user."""
    return {
        "id": record.id,
        "name": record.name,
        "email": record.email,
        "external_id": record.external_id,
        "role": record.role,
        "role_type": record.role_type,
        "custom_role_id": record.custom_role_id,
        "ticket_restriction": record.ticket_restriction,
        "restricted_agent": record.role == "agent" and bool(record.ticket_restriction or record.custom_role_id),
        "only_private_comments": record.role_type == LIGHT_AGENT,
        "chat_only": record.role_type == CHAT_AGENT,
        "active": True,
        "verified": record.email is not None,
        "suspended": record.suspended,
        "locale": "en-US",
        "time_zone": "UTC",
        "phone": None,
        "tags": [],
        "created_at": iso(record.created_at),
        "updated_at": iso(record.created_at),
    }


def anonymous() -> dict[str, Any]:
    """Write the user that `users/me` shows to somebody with wrong credentials, with status 200."""
    nobody = {"name": "Anonymous user", "email": "invalid@example.com", "role": "end-user", "verified": False}
    return dict.fromkeys(("id", "external_id", "created_at", "updated_at")) | nobody | {"active": False}


def ticket(record: Ticket) -> dict[str, Any]:
    """Write a ticket."""
    return {
        "id": record.id,
        "external_id": record.external_id,
        "subject": record.subject,
        "raw_subject": record.subject,
        "description": record.description,
        "status": record.status,
        "priority": record.priority,
        "type": record.type,
        "requester_id": record.requester_id,
        "submitter_id": record.submitter_id,
        "assignee_id": None,
        "organization_id": None,
        "group_id": record.group_id,
        "brand_id": record.brand_id,
        "ticket_form_id": record.form_id,
        "tags": list(record.tags),
        "is_public": record.is_public,
        "via": via(Via(channel=record.via)),
        "custom_fields": [{"id": number, "value": record.custom_fields.get(number)} for number in FIELDS],
        "followup_ids": [],
        "created_at": iso(record.created_at),
        "updated_at": iso(record.updated_at),
    }


def via(record: Via) -> dict[str, Any]:
    """Write how something came about."""
    return {"channel": record.channel, "source": {"from": record.source, "to": {}, "rel": record.rel}}


def comment(record: Comment) -> dict[str, Any]:
    """Write a comment."""
    return {
        "id": record.id,
        "type": "Comment",
        "author_id": record.author_id,
        "body": record.body,
        "html_body": record.html_body,
        "plain_body": record.plain_body,
        "public": record.public,
        "attachments": [],
        "audit_id": record.audit_id,
        "via": via(record.via),
        "metadata": {"system": _SYSTEM, "custom": record.custom_metadata},
        "created_at": iso(record.created_at),
    }


def audit(record: Audit) -> dict[str, Any]:
    """Write an audit."""
    return {
        "id": record.id,
        "ticket_id": record.ticket_id,
        "author_id": record.author_id,
        "events": list(record.events),
        "metadata": {"system": _SYSTEM, "custom": record.custom_metadata},
        "via": via(record.via),
        "created_at": iso(record.created_at),
    }


def macro(record: Macro) -> dict[str, Any]:
    """Write a macro."""
    return {
        "id": record.id,
        "title": record.title,
        "description": record.description,
        "active": record.active,
        "position": record.position,
        "actions": list(record.actions),
        "restriction": record.restriction,
        "default": False,
        "created_at": iso(record.created_at),
        "updated_at": iso(record.updated_at),
    }


def webhook(record: Webhook) -> dict[str, Any]:
    """Write a webhook: neither its signing secret nor its credentials."""
    written: dict[str, Any] = {
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "status": record.status,
        "endpoint": record.endpoint,
        "http_method": record.http_method,
        "request_format": record.request_format,
        "subscriptions": list(record.subscriptions),
        "created_at": iso(record.created_at),
        "created_by": "1",
        "updated_at": iso(record.updated_at),
        "updated_by": "1",
    }
    if record.custom_headers:
        written["custom_headers"] = record.custom_headers
    if record.authentication:
        wanted = record.authentication
        written["authentication"] = {
            "type": wanted.get("type"),
            "add_position": wanted.get("add_position", "header"),
        }
        if wanted.get("type") == "basic_auth":
            written["authentication"]["data"] = {"username": (wanted.get("data") or {}).get("username")}
    return written


def trigger(record: Trigger) -> dict[str, Any]:
    """Write a trigger."""
    return {
        "id": record.id,
        "title": record.title,
        "raw_title": record.title,
        "description": record.description,
        "active": record.active,
        "position": record.position,
        "conditions": {"all": record.conditions.get("all", []), "any": record.conditions.get("any", [])},
        "actions": list(record.actions),
        "category_id": record.category_id,
        "default": False,
        "created_at": iso(record.created_at),
        "updated_at": iso(record.updated_at),
    }


def invocation(record: Delivery) -> dict[str, Any]:
    """Write one delivery as the webhook's log shows it."""
    last = record.attempts[-1] if record.attempts else None
    return {
        "id": record.invocation_id,
        "latest_completed_at": iso(last.completed_at if last else record.created_at),
        "status": record.outcome or "accepted",
        "status_code": last.status if last else None,
    }


def never_sent(record: Delivery) -> dict[str, Any]:
    """Write what the log has of a delivery that was throttled or met an open breaker: nothing of what it would send."""
    return {
        "id": record.webhook_id,
        "invocation_id": record.invocation_id,
        "status": record.outcome,
        "completed_at": iso(record.created_at),
    }


def attempt(record: Attempt, *, of: Delivery, endpoint: str) -> dict[str, Any]:
    """Write one attempt of a delivery: Zendesk keeps what was sent and what came back."""
    fine = record.status is not None and record.status < 400  # not an error answer
    return {
        "id": record.id,
        "invocation_id": of.invocation_id,
        "completed_at": iso(record.completed_at),
        "status": "success" if fine else "terminated",
        "status_code": record.status,
        "request": {
            "endpoint": endpoint,
            "headers": [{"key": key, "value": value} for key, value in record.sent.items()],
            "payload": of.payload,
        },
        "response": {"headers": [], "payload": record.reply},
    }
