"""From a new ticket to its internal note, in one process with real HTTP, Redis and RQ."""

from __future__ import annotations

from integration.entry import State
from sandbox import Sandbox
from tests.conftest import InProcess


def test_a_new_ticket_gets_one_internal_note(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    product.work_until(number, State.POSTED)
    [note] = sandbox.zendesk.internal_notes(number)
    assert not note.public
    print(note.html_body)
