"""Tickets of Zendesk as the engine knows them."""

from __future__ import annotations

from integration.facts import CaseKey, NewCase, Person, case_key


def key(number: int) -> CaseKey:
    """The key of a ticket."""
    return case_key("zendesk", number)


def new_ticket(number: int, *, email: str | None = None, external_id: str | None = None) -> NewCase:
    """A ticket that was created."""
    return NewCase(key=key(number), person=Person(email=email, external_id=external_id), number=number)
