"""How Zendesk says no: each refusal with the status and the words that the real service uses."""

from __future__ import annotations

import math
from typing import Any, Final

CLOSED_SENTENCES: Final = (
    "Status: closed prevents ticket update",
    "Status: Closed tickets cannot be updated",
    "Status : der Status Geschlossen verhindert die Aktualisierung des Tickets",
)
"""What Zendesk says of a closed ticket: one sentence in one account, another in the next."""


class Refusal(Exception):  # it says what happened
    """A request that is not carried out."""

    def __init__(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        """Keep what the caller will be told."""
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body
        self.headers = headers or {}


def not_found() -> Refusal:
    """Refuse: the ticket, user or other record is deleted, was never there, or is not visible."""
    return Refusal(404, {"error": "RecordNotFound", "description": "Not found"})


def invalid_endpoint() -> Refusal:
    """Refuse: there is no such path."""
    return Refusal(404, {"error": "InvalidEndpoint", "description": "Not found"})


def no_help_desk(subdomain: str) -> Refusal:
    """Refuse: nobody's help desk has this address (any more)."""
    message = "There is no help desk configured at this address."
    return Refusal(404, {"error": {"title": f"No help desk at {subdomain}.zendesk.com", "message": message}})


def closed(sentence: str = CLOSED_SENTENCES[0]) -> Refusal:
    """Refuse: closed tickets (merged ones too) can never be updated again."""
    return invalid_record("status", sentence)


def invalid_record(field: str, description: str, *, error: str | None = None) -> Refusal:
    """Refuse: a value of a record is not acceptable; `error` is Zendesk's word for why, when it has one."""
    details = {field: [{"description": description} | ({} if error is None else {"error": error})]}
    return Refusal(422, {"error": "RecordInvalid", "description": "Record validation errors", "details": details})


def invalid_attribute(message: str) -> Refusal:
    """Refuse: a part of the request has the wrong shape."""
    return Refusal(400, {"error": {"title": "Invalid attribute", "message": message}})


def unreadable() -> Refusal:
    """Refuse: the body is not a JSON object."""
    return Refusal(422, {"error": "Unprocessable Entity", "message": "Server could not parse JSON"})


def conflict() -> Refusal:
    """Refuse: a safe update of a ticket that somebody changed meanwhile."""
    description = "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data."
    return Refusal(409, {"error": "UpdateConflict", "description": description})


def invalid_webhook(detail: str, *, status: int = 400) -> Refusal:
    """Refuse: the webhooks API has an envelope of its own."""
    return Refusal(status, {"errors": [{"code": "InvalidWebhook", "title": "Invalid webhook", "detail": detail}]})


def unauthenticated() -> Refusal:
    """Refuse: no credentials, or wrong ones of the e-mail and API token kind."""
    return Refusal(401, {"error": "Couldn't authenticate you"}, {"WWW-Authenticate": 'Basic realm="Web Password"'})


def invalid_token() -> Refusal:
    """Refuse: a Bearer token that is not, or no longer, valid."""
    description = "The access token provided is expired, revoked, malformed or invalid for other reasons."
    return Refusal(401, {"error": "invalid_token", "error_description": description})


def missing_scope(scope: str) -> Refusal:
    """Refuse: the token may not do this."""
    description = f"You are missing the following required scopes: {scope}"
    return Refusal(403, {"error": "Forbidden", "description": description})


def no_trigger_categories() -> Refusal:
    """Refuse: the account has no categories of triggers."""
    return Refusal(403, {"error": "TriggerCategoriesNotEnabled", "description": "Trigger categories are not enabled"})


def not_an_agent() -> Refusal:
    """Refuse: customers cannot use these endpoints, agents not those of admins, nor a ticket that they may not see."""
    message = "You do not have access to this page. Please contact the account owner of this help desk."
    return Refusal(403, {"error": {"title": "Forbidden", "message": message}})


def too_many(description: str, *, retry_after: float, headers: dict[str, str] | None = None) -> Refusal:
    """Refuse: a limit is reached; `Retry-After` says for how many whole seconds."""
    told = (headers or {}) | {"Retry-After": str(max(1, math.ceil(retry_after)))}
    return Refusal(429, {"error": "APIRateLimitExceeded", "description": description}, told)


def invalid_client() -> Refusal:
    """Refuse a token: wrong client id or secret."""
    description = (
        "Client authentication failed due to unknown client, no client authentication included, "
        "or unsupported authentication method."
    )
    return Refusal(401, {"error": "invalid_client", "error_description": description})


def invalid_grant(error: str, description: str) -> Refusal:
    """Refuse a token: the request for it is wrong."""
    return Refusal(400, {"error": error, "error_description": description})
