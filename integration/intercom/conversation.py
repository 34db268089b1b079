"""What Intercom tells of a conversation: whose it is, what was written, and which of its parts are ours; no I/O.

https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/conversation
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from integration.errors import Temporary
from integration.facts import Person
from integration.intercom.settings import SERVICE
from integration.intercom.webhook import contact_of
from integration.json_body import email_address, identity, object_at
from integration.note import marker

_CUSTOMERS: Final = frozenset({"user", "lead", "contact"})
_LATEST: Final = 4e9  # Unix seconds: in 2096

Record = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a conversation: whom to look for, what they are called, how it began; times are Unix seconds."""

    people: tuple[Person, ...]
    name: str | None = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    created: float


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a conversation; customers see all but notes."""

    id: str
    is_note: bool
    created: float
    text: str = field(repr=False)


def known(conversation: Record, contact: Record) -> Known:
    """What a conversation and its contact tell; without an address or an id of the product's, `people` is empty."""
    source, created, name = object_at(conversation, "source"), created_at(conversation), _text(contact.get("name"))
    if created is None:
        raise unreadable()
    return Known(
        people=people(contact),
        name=name.strip() or None,
        subject=_text(conversation.get("title")) or _text(source.get("subject")),
        text=_text(source.get("body")),
        created=created,
    )


def created_at(conversation: Record) -> float | None:
    """When it was created, in Unix seconds; None when Intercom does not say, or names no time that can be meant."""
    created = conversation.get("created_at")
    if isinstance(created, bool) or not isinstance(created, int | float) or not 0 <= created < _LATEST:
        return None
    return float(created)


def began_with_customer(conversation: Record) -> bool | None:
    """Whether a customer started it, or answered to what started it; None when Intercom does not say.

    A message of a teammate's, of a campaign or of a bot is not told of by `conversation.user.created` before somebody
    answers.
    """
    author = object_at(object_at(conversation, "source"), "author").get("type")
    statistics = conversation.get("statistics")
    if isinstance(author, str) and author in _CUSTOMERS:
        return True
    if not isinstance(author, str) or not isinstance(statistics, dict):
        return None
    return statistics.get("first_contact_reply_at") is not None


def customer(conversation: Record) -> str | None:
    """The id of the person whose conversation it is; None when nobody is named."""
    return contact_of({name: value for name, value in conversation.items() if name != "type"})


def people(contact: Record) -> tuple[Person, ...]:
    """Whom to look for, by the address first and by the id that the product knows them by; none when neither is there.

    Of a lead, Intercom makes up the id itself: the product does not know it.
    """
    email = email_address(contact.get("email"))
    own_id = identity(contact.get("external_id")) if contact.get("role") != "lead" else None
    by_email = (Person(email=email),) if email is not None else ()
    return (*by_email, Person(external_id=own_id)) if own_id is not None else by_email


def own_parts(conversation: Record, admin_id: str) -> list[Part]:
    """The parts of our author, newest first. An answer without a list of parts is no conversation without parts."""
    parts = object_at(conversation, "conversation_parts").get("conversation_parts")
    if not isinstance(parts, list):
        raise unreadable()
    return [_part(part) for part in reversed(parts) if isinstance(part, dict) and _wrote(part, admin_id)]


def all_parts(conversation: Record) -> Iterator[Part]:
    """All parts, newest first."""
    parts = object_at(conversation, "conversation_parts").get("conversation_parts")
    if isinstance(parts, list):
        yield from (_part(part) for part in reversed(parts) if isinstance(part, dict))


def holding_one_of(parts: Sequence[Part], markers: Sequence[str]) -> Part | None:
    """The part that holds one of these markers: a note first of all, for a teammate may have quoted one elsewhere."""
    holding = [part for part in parts if marker.one_is_in([part.text], markers)]
    return next((part for part in holding if part.is_note), holding[0] if holding else None)


def any_note(parts: Sequence[Part]) -> Part | None:
    """A note of ours for any request."""
    return next((part for part in parts if part.is_note and marker.any_is_in([part.text])), None)


def unreadable() -> Temporary:
    """An answer that is not as Intercom documents it."""
    return Temporary("Intercom's answer cannot be read", service=SERVICE)


def stopped() -> Temporary:
    """A look that has to end now."""
    return Temporary("stopped before the end", service=SERVICE)


def _part(part: Record) -> Part:
    return Part(
        id=str(part.get("id")),
        is_note=part.get("part_type") == "note",
        created=created_at(part) or 0.0,
        text=_text(part.get("body")),
    )


def _wrote(part: Record, admin_id: str) -> bool:
    author = object_at(part, "author")
    return author.get("type") == "admin" and str(author.get("id")) == admin_id


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
