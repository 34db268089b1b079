"""What Intercom's webhook delivers: bytes and headers in, facts out; no I/O.

Signature: `X-Hub-Signature: sha1=<HMAC-SHA1(client secret, raw body) as hex>`; it covers no time, so that a delivery
can be repeated at will: what counts is the conversation, and that is taken in once.
https://developers.intercom.com/docs/references/webhooks/webhook-models

Of a delivery nothing but ids is believed. Who somebody is, and what they wrote, the worker reads from the workspace
itself: the version of the app decides whether a text comes as HTML (below 2.15), where addresses stand and whether they
are there at all, and an app may be installed in other workspaces: these are told by `app_id`, which the place compares.
Every notification has one, whatever the version: a conversation without it is nobody's. If it was ours all the same,
the look for missed conversations finds it.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from typing import Any, Final

from integration.errors import MalformedDelivery, UnverifiedDelivery, WrongSignature
from integration.facts import Identified, NewCase, case_key
from integration.intercom.settings import DESK, IntercomSettings
from integration.json_body import object_at, parse_object
from integration.ports import Headers

ENDPOINT: Final = "/intercom/conversations"  # below PUBLIC_URL: the address of the webhook
MAX_BYTES: Final = 2 * 1024 * 1024  # a conversation comes whole, with the text of each of its parts
SIGNATURE: Final = "X-Hub-Signature"

CREATED: Final = "conversation.user.created"
LATER: Final = frozenset({"conversation.user.replied", *("contact.lead.added_email", "contact.lead.signed_up")})
TOPICS: Final = (CREATED, "conversation.user.replied", "contact.lead.added_email")  # that an admin subscribes to

_SHA1: Final = re.compile(r"sha1=[0-9a-f]{40}")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


class ConversationDoor:
    """Where Intercom's app tells of conversations."""

    path = ENDPOINT
    max_bytes = MAX_BYTES
    tried = ignored = 200  # Intercom saves no address, and in the end calls none, that answers without success
    has_secret = True  # nothing starts without it

    def __init__(self, settings: IntercomSettings) -> None:
        self._secret = settings.client_secret

    def look_at(self, headers: Headers, *, now: float) -> None:  # noqa: ARG002 -- Intercom signs no time
        """Raise `UnverifiedDelivery` when the headers alone show that nobody signed this."""
        if not _SHA1.fullmatch(headers.get(SIGNATURE, "")):
            raise UnverifiedDelivery("signature header missing or malformed")

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` unless the app's secret signed the body."""
        self.look_at(headers, now=now)
        if not hmac.compare_digest(signature(body, self._secret), headers.get(SIGNATURE, "")):
            raise WrongSignature("signature wrong")

    def read(self, body: bytes, headers: Headers) -> NewCase | Identified | None:  # noqa: ARG002 -- the body says it all
        """The new conversation that a verified body tells of, or who may have an address now."""
        return read(body)


def signature(body: bytes, secret: str) -> str:
    """What Intercom sends as the signature of a body."""
    return "sha1=" + hmac.digest(secret.encode("utf-8"), body, "sha1").hex()


def read(body: bytes) -> NewCase | Identified | None:
    """What a verified body tells of; None when it is of no use to us, such as a `ping`.

    `MalformedDelivery` when it tells of a conversation, and not of which, or not of whose.
    """
    notification = parse_object(body)
    topic, item = notification.get("topic"), object_at(object_at(notification, "data"), "item")
    if topic == CREATED:
        key = case_key(DESK, _conversation_id(item))
        return NewCase(key=key, contact=contact_of(item), account=_app_id(notification))
    if isinstance(topic, str) and topic in LATER:
        contact = contact_of(item)
        return None if contact is None else Identified(desk=DESK, contact=contact)
    return None


def contact_of(item: dict[str, Any]) -> str | None:
    """The id of the person of a conversation, or of a contact itself; None when there is none.

    Since 2.0 a conversation has `contacts`; before, `user` or `lead`. A contact's own events bring the contact.
    """
    return next((contact for contact in map(_id, _people(item)) if contact is not None), None)


def _people(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = item.get("type")
    if kind in ("contact", "user", "lead"):
        yield item
    contacts = object_at(item, "contacts").get("contacts")
    if isinstance(contacts, list):
        yield from (contact for contact in contacts if isinstance(contact, dict))
    yield from (object_at(item, name) for name in ("user", "lead", "contact"))


def _id(person: dict[str, Any]) -> str | None:
    value = person.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _app_id(notification: dict[str, Any]) -> str:
    """The workspace that it is about."""
    app_id = notification.get("app_id")
    if not isinstance(app_id, str) or not _ID.fullmatch(app_id):
        raise MalformedDelivery("no usable app_id: whose conversation it is")
    return app_id


def _conversation_id(item: dict[str, Any]) -> str:
    """Digits alone: Intercom takes words such as `last` in the place of an id."""
    number = item.get("id")
    if item.get("type") != "conversation" or not is_conversation_id(number):
        raise MalformedDelivery("no usable conversation id")
    return str(number)


def is_conversation_id(value: object) -> bool:
    """Whether it is what Intercom numbers conversations with."""
    return not isinstance(value, bool) and isinstance(value, int | str) and bool(_NUMBER.fullmatch(str(value)))
