"""What brings a ticket to a certain point of its way."""

from __future__ import annotations

import requests

from integration.cases.entry import State
from integration.note import marker
from sandbox import Sandbox
from tests.conftest import InProcess, wait_for
from tests.tickets import key


def worked(product: InProcess) -> bool:
    """Run every job that waits or is due; True, so that a condition can begin with it."""
    product.work()
    return True


def bring_to_its_note(product: InProcess, ticket_id: int) -> None:
    """Let the ticket come to where its note is next."""
    wait_for(lambda: product.ledger.reader.find(key(ticket_id)))

    def is_next() -> bool:
        product.jobs.request_highlights(key(ticket_id))
        product.jobs.collect_highlights(key(ticket_id))  # should the callback have overtaken the answer
        return product.entry(ticket_id).state is State.READY

    wait_for(is_next)


ADA = "ada@shop.example"
KNOWN = marker.of("a" * 64)


def comment(sandbox: Sandbox, text: str, *, public: bool, author: int | None = None) -> int:
    """A ticket with a comment that holds a marker: its requester's own, or another author's."""
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    [ticket] = [candidate for candidate in sandbox.zendesk.tickets() if candidate.id == number]
    said = {"body": text, "public": public, "author_id": author or ticket.requester_id}
    requests.put(
        f"{sandbox.zendesk.url}/api/v2/tickets/{number}",
        json={"ticket": {"comment": said}},
        auth=(f"{sandbox.zendesk.agent_email}/token", sandbox.zendesk.api_token),
        timeout=5,
    ).raise_for_status()
    return number
