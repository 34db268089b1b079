"""Whom a note is about: by what people are identified, and who is one of our own (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from integration.facts import Person
from integration.json_body import email_address, identity
from integration.zendesk.settings import AS_DELIVERED, EMAIL, EXTERNAL_ID, ZendeskSettings


def as_delivered(email: object, external_id: object, settings: ZendeskSettings) -> Person:
    """The requester whom a delivery tells of; nobody when the ticket itself has to be asked who is meant.

    So it is when `IDENTIFY_BY` names what a delivery does not tell, or another order, and when the requester's domain
    is one of `SKIP_DOMAINS`: the reason for that is found with the ticket.
    """
    if [way for way in AS_DELIVERED if way in settings.identify_by] != list(settings.identify_by):
        return Person()
    return as_told(email, external_id, settings)


def as_told(email: object, external_id: object, settings: ZendeskSettings) -> Person:
    """The requester as far as a delivery tells, and notes are about them: nobody can be asked for more."""
    address, wanted = email_address(email), settings.identify_by
    if address is not None and is_own(address, settings.skip_domains):
        return Person()
    return Person(
        email=address if EMAIL in wanted else None,
        external_id=identity(external_id) if EXTERNAL_ID in wanted else None,
    )


def in_order(known: Mapping[str, object], ways: Sequence[str]) -> tuple[Person, ...]:
    """The identities that there are, in the order of `ways`, each once; `known` has them by their way."""
    return tuple(dict.fromkeys(_identified(known, ways)))


def _identified(known: Mapping[str, object], ways: Sequence[str]) -> Iterable[Person]:
    for way in ways:
        if way == EMAIL:
            address = email_address(known.get(way))
            if address is not None:
                yield Person(email=address)
        else:
            own_id = identity(known.get(way))
            if own_id is not None:
                yield Person(external_id=own_id)


def is_own(address: str, domains: Iterable[str]) -> bool:
    """Whether an e-mail address is of one of these domains, or of a part of one."""
    domain = address.rpartition("@")[2].lower().rstrip(".")
    return any(domain == own or domain.endswith(f".{own}") for own in domains)
