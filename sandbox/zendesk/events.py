"""The payload of a `ticket.created` event, as webhooks that are subscribed to it get it."""

from __future__ import annotations

import json
import uuid

from sandbox.zendesk.calling import ACCOUNT_ID
from sandbox.zendesk.hooks import TICKET_CREATED
from sandbox.zendesk.records import Ticket, iso


def ticket_created(ticket: Ticket) -> str:
    """Write the event: ids as strings, enums in capitals, nanoseconds, indented by three as in reality."""
    submitter = str(ticket.submitter_id)
    detail = {
        "actor_id": submitter,
        "assignee_id": None,
        "brand_id": str(ticket.brand_id),
        "created_at": iso(ticket.created_at),
        "custom_status": "8447320465790",
        "description": ticket.description,
        "external_id": ticket.external_id,
        "form_id": str(ticket.form_id),
        "group_id": str(ticket.group_id),
        "id": str(ticket.id),
        "is_public": ticket.is_public,
        "organization_id": None,
        "priority": ticket.priority and ticket.priority.upper(),
        "requester_id": str(ticket.requester_id),
        "status": ticket.status.upper(),
        "subject": ticket.subject,
        "submitter_id": submitter,
        "tags": list(ticket.tags) or None,
        "type": ticket.type and ticket.type.upper(),
        "updated_at": iso(ticket.updated_at),
        "via": {"channel": "web_service"},
    }
    event = {
        "account_id": int(ACCOUNT_ID),
        "detail": detail,
        "event": {},
        "id": str(uuid.uuid4()),
        "subject": f"zen:ticket:{ticket.id}",
        "time": f"{ticket.created_at:%Y-%m-%dT%H:%M:%S.%f}030Z",
        "type": TICKET_CREATED,
        "zendesk_event_version": "2022-11-06",
    }
    return json.dumps(event, indent=3, ensure_ascii=False).replace('"event": {}', '"event": { }')
