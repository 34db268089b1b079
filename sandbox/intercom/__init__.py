"""A stand-in for Intercom: one workspace, one app with a token and a webhook, its people and their conversations.

    intercom = Intercom(faults=Faults())
    intercom.start()
    intercom.subscribe("http://127.0.0.1:8000/intercom/conversations")     # it is tried with HEAD
    ada = intercom.add_contact(email="ada@shop.example")
    number = intercom.start_conversation(ada)                               # and the webhook is called
    intercom.notes(number)                                                  # what teammates see, and nobody else

Everything that can go wrong is a `Fault(service="intercom", ...)`, or a field that can be set at any time.
"""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any, Final

from sandbox.faults import Faults
from sandbox.intercom.app import create_app
from sandbox.intercom.shapes import conversation_part, merged, new_contact, new_conversation, shown
from sandbox.intercom.telling import Attempt, Webhook
from sandbox.server import LoopbackServer, Recorded

__all__ = ["PERMISSIONS", "Attempt", "Intercom"]

PERMISSIONS: Final = frozenset({"read_conversations", "write_conversations", "read_contacts", "read_admins"})
Record = dict[str, Any]


def _is_page(target: str) -> bool:
    """Whether a person looks, and not an app."""
    return target.startswith("/a/")


class Intercom:
    """The stand-in and its Python face. What is set holds for the requests that come afterwards."""

    def __init__(self, *, faults: Faults, port: int = 0) -> None:
        """Bind the port (0: any free one)."""
        self.token, self.client_secret = f"dG9rO{secrets.token_hex(16)}", secrets.token_hex(20)
        self.app_id, self.name, self.region = "a86dr8yl", "Acme", "US"
        self.permissions = set(PERMISSIONS)
        self.admins: dict[str, Record] = {}
        self.own_id = self.add_admin("LogRocket notes")
        self.contacts: dict[str, Record] = {}
        self.conversations: dict[str, Record] = {}
        self.limit, self.left, self.resets_in = 1666, 1600, 7
        """What the headers say of the limit: of how much, what is left, until when."""
        self.note_becomes = "note"
        """What a reply with `message_type: note` is kept as: `comment` is what must never happen."""
        self.note_author: str | None = None
        """Whose it is kept as, when that is not who was asked for."""
        self.keeps_parts = True
        """Whether what is written is shown."""
        self.html_payloads = False
        """Whether the app's version is below 2.15: texts in payloads are HTML then."""
        self.old_payloads = False
        """Whether the app's version is 1.x."""
        self.inbox_page: str | None = None
        """Where a person looks at the conversations."""
        self.lock = threading.RLock()
        self.webhook = Webhook(self)
        self._server = LoopbackServer("intercom", create_app(self), faults=faults, port=port, unrecorded=_is_page)

    @property
    def url(self) -> str:
        """The address of the API."""
        return self._server.url

    @property
    def requests(self) -> list[Recorded]:
        """What was asked so far, in order of arrival."""
        return self._server.requests

    def environment(self) -> dict[str, str]:
        """Return the variables that point the integration here."""
        return {
            "INTERCOM_ACCESS_TOKEN": self.token,
            "INTERCOM_CLIENT_SECRET": self.client_secret,
            "INTERCOM_URL": self.url,
        }

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering, and telling."""
        self.webhook.stop()
        self._server.stop()

    def subscribe(self, url: str) -> int | None:
        """Save the webhook's address; what it answers to HEAD, without a success it is not saved."""
        return self.webhook.save(url)

    def add_admin(self, name: str, *, seat: bool = True) -> str:
        """Let somebody join the team; their number."""
        number = str(991267696 + len(self.admins))
        email = f"{number}@acme.example"
        self.admins[number] = {"type": "admin", "id": number, "name": name, "email": email, "has_inbox_seat": seat}
        return number

    def add_contact(self, *, email: str | None = None, external_id: str | None = None, role: str = "user") -> str:
        """Let a person be known; their id."""
        contact = new_contact(email=email, external_id=external_id, role=role)
        with self.lock:
            self.contacts[contact["id"]] = contact
        return str(contact["id"])

    def merge(self, lead: str, into: str) -> None:
        """Merge one contact into another: the first is gone."""
        with self.lock:
            self.contacts[lead] = merged(into)

    def start_conversation(
        self, contact: str, *, text: str = "Checkout does not work", told: bool = True, ago: float = 0.0
    ) -> str:
        """Let somebody start a conversation, and tell the webhook of it unless that fails; its number."""
        with self.lock:
            number = str(21321941764 + len(self.conversations))
            created = int(time.time() - ago)
            self.conversations[number] = new_conversation(number, self.contacts[contact], text, created=created)
        if told:
            self.tell("conversation.user.created", number)
        return number

    def reply(self, number: str, text: str = "It is still so", *, email: str | None = None) -> None:
        """Let the customer write again, and leave an address while they do."""
        with self.lock:
            conversation = self.conversations[number]
            contact = self.contacts[conversation["contacts"]["contacts"][0]["id"]]
            contact["email"] = email or contact["email"]
            author = {"type": contact["role"], "id": contact["id"], "name": contact["name"], "email": contact["email"]}
            conversation["parts"].append(conversation_part("comment", text, author))
        self.tell("conversation.user.replied", number)

    def add_email(self, contact: str, email: str) -> None:
        """Let a lead leave an address."""
        with self.lock:
            self.contacts[contact]["email"] = email
            item = dict(self.contacts[contact])
        self.webhook.tell("contact.lead.added_email", item)

    def tell(self, topic: str, number: str) -> None:
        """Tell the webhook of a conversation."""
        with self.lock:
            item = shown(self.conversations[number], plain=not self.html_payloads)
        self.webhook.tell(topic, item)

    def parts(self, number: str) -> list[Record]:
        """What was written in a conversation after it began, oldest first."""
        with self.lock:
            return list(self.conversations[number]["parts"])

    def notes(self, number: str) -> list[Record]:
        """The notes in a conversation."""
        return [part for part in self.parts(number) if part["part_type"] == "note"]

    def seen_by_customers(self, number: str) -> list[Record]:
        """What customers see of what teammates wrote."""
        return [
            part for part in self.parts(number) if part["part_type"] != "note" and part["author"]["type"] == "admin"
        ]
