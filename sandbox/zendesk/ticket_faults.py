"""What goes wrong for one ticket alone, in the words that Zendesk has for it."""

from __future__ import annotations

import json
from typing import Final, Literal

from sandbox.faults import Fault
from sandbox.zendesk import refusals
from sandbox.zendesk.limits import UPDATES_HEADER
from sandbox.zendesk.refusals import Refusal

RETRY_AFTER: Final = 90.0
"""How long one ticket is to wait, while the account's own header shows room."""


def ticket_fault(
    ticket_id: int, status: Literal[403, 404, 422, 429], *, method: Literal["GET", "PUT"], times: int | None = None
) -> Fault:
    """Refuse one ticket to those who read it (`GET`: its comments, too) or write to it (`PUT`); all others are fine."""
    refusal = _refusal(status)
    return Fault(
        service="zendesk",
        method=method,
        path=rf"^/api/v2/tickets/{ticket_id}(?![0-9])",
        times=times,
        status=refusal.status,
        body=json.dumps(refusal.body),
        headers=refusal.headers,
    )


def _refusal(status: int) -> Refusal:
    match status:
        case 403:
            return refusals.not_an_agent()
        case 404:
            return refusals.not_found()
        case 422:
            return refusals.closed()
        case _:
            room = {UPDATES_HEADER: "total=100; remaining=97; resets=60"}
            description = "Number of allowed updates of a ticket by a user exceeded (30 in 10 minutes)"
            return refusals.too_many(description, retry_after=RETRY_AFTER, headers=room)
