"""Tutorial's jobs: ask LogRocket, then write the note with a zenpy that each job makes for itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import requests
from zenpy.lib.api_objects import Comment

from benchmarks.references.zendesk import connect

client: Callable[[], Any] = connect  # tuned makes one and keeps it


def ask(ticket_id: str, email: str) -> None:
    """Ask LogRocket what a person did lately."""
    answer = requests.post(
        f"{os.environ['LOGROCKET_API_URL']}/v1/orgs/acme/apps/shop/highlights/",
        headers={"Authorization": f"token {os.environ['LOGROCKET_API_KEY']}"},
        json={
            "userEmail": email,
            "webhookURL": f"{os.environ['PUBLIC_URL']}/logrocket/highlights?ticket_id={ticket_id}",
        },
        timeout=15,
    )
    answer.raise_for_status()


def note(ticket_id: str, highlights: str) -> None:
    """Add what LogRocket says as an internal note."""
    zendesk = client()
    ticket = zendesk.tickets(id=int(ticket_id))
    ticket.comment = Comment(body=highlights, public=False)
    zendesk.tickets.update(ticket)
