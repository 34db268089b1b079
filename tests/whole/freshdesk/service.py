"""Freshdesk as a desk: its automation rule tells of new tickets, and its API takes private notes.

The smallest desk that there can be, as an example. It is no part of the product: the test beside it puts this file and
`settings.py` into a copy of the product as `integration/freshdesk/`, and adds one line to `integration/services.py`.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Sequence
from typing import Any, Final

from integration.errors import Held, MalformedDelivery, NoAddress, RemoteError, StillPublic, WrongSignature
from integration.facts import CaseKey, Details, NewCase, Person, Receipt, case_key, reference_of
from integration.http import ServiceAdapter, ServiceSession
from integration.json_body import parse_object
from integration.note import Note, html, marker
from integration.ports import Headers, Service, Signing
from tests.whole.freshdesk.settings import FreshdeskSettings


class RuleDoor:
    """Takes what the automation rule "when a ticket is created: trigger webhook" sends; it signs nothing."""

    path = "/freshdesk/tickets"
    max_bytes = 64 * 1024
    ignored = 204
    has_secret = True  # nothing starts without it

    def __init__(self, settings: FreshdeskSettings) -> None:
        self._secret = settings.secret.encode()

    def look_at(self, headers: Headers, *, now: float) -> None:  # noqa: ARG002 -- the rule sends no time
        if not hmac.compare_digest(headers.get("X-Highlights-Secret", "").encode("utf-8", "replace"), self._secret):
            raise WrongSignature("secret wrong")

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:  # noqa: ARG002 -- nor is a body signed
        self.look_at(headers, now=now)

    def read(self, body: bytes, headers: Headers) -> NewCase | None:  # noqa: ARG002 -- the body says it all
        try:
            return NewCase(key=case_key("freshdesk", int(parse_object(body)["ticket_id"])))
        except (KeyError, TypeError, ValueError):
            raise MalformedDelivery("no usable ticket id") from None


class TicketNotes:
    """Writes private notes on tickets. An answer in another shape is a crash of the step, which is tried again."""

    def __init__(self, settings: FreshdeskSettings) -> None:
        self._api = f"{settings.url}/api/v2"
        self._session = ServiceSession(ServiceAdapter("Freshdesk", settings.url))
        self._session.auth = (settings.api_key, "X")

    def _get(self, path: str) -> Any:  # noqa: ANN401 -- JSON
        return self._session.get(f"{self._api}/{path}").json()

    def details(self, key: CaseKey) -> Details:
        ticket = self._get(f"tickets/{reference_of(key)}?include=requester")
        email = ticket["requester"]["email"]
        if not email:
            raise NoAddress("the requester has no e-mail address", service="Freshdesk")
        return Details(
            people=(Person(email=email),),
            name=ticket["requester"].get("name"),
            subject=ticket.get("subject", ""),
            text=ticket.get("description_text", ""),
            created=time.time(),
            brand=None,
            form=None,
            tagged=False,
        )

    def take_tag_off(self, key: CaseKey) -> None:
        """No tag asks here."""

    def tag(self, key: CaseKey) -> None:
        """No tag tells here."""

    def merged_into(self, key: CaseKey) -> CaseKey | None:  # noqa: ARG002 -- no rule tells of merges
        return None

    def _own_notes(self, key: CaseKey) -> list[dict[str, Any]]:
        own_id = self._get("agents/me")["id"]
        return [note for note in self._get(f"tickets/{reference_of(key)}/conversations") if note["user_id"] == own_id]

    def find_note(self, key: CaseKey, *, markers: Sequence[str]) -> Receipt | None:
        notes = [note for note in self._own_notes(key) if marker.one_is_in([note["body"]], markers)]
        return _receipt(notes[0]) if notes else None

    def find_any_note(
        self,
        key: CaseKey,
        *,
        markers: Sequence[str],  # noqa: ARG002 -- any will do
        since: float = 0.0,  # noqa: ARG002 -- any will do
    ) -> Receipt | None:
        notes = [note for note in self._own_notes(key) if marker.any_is_in([note["body"]])]
        return _receipt(notes[0]) if notes else None

    def write(self, key: CaseKey, note: Note) -> Receipt:
        written = {"body": html.render(note, max_bytes=60_000), "private": True}
        return _receipt(self._session.post(f"{self._api}/tickets/{reference_of(key)}/notes", json=written).json())

    def make_private(self, key: CaseKey, receipt_id: str) -> None:  # noqa: ARG002 -- it cannot be done
        raise StillPublic("Freshdesk's API hides no note", note_id=receipt_id, service="Freshdesk")

    def takes_our_credentials(self) -> bool | None:
        try:
            return bool(self._get("agents/me"))
        except Held:
            return False
        except RemoteError:
            return None

    def denied(self, error: Held) -> str:
        return f"Freshdesk denies permission for this ticket ({error.status}): may our agent see it?"


def _receipt(note: dict[str, Any]) -> Receipt:
    return Receipt(id=str(note["id"]), public=note["private"] is not True)


SERVICE: Final = Service(
    name="Freshdesk",
    credentials="FRESHDESK_API_KEY",
    desk="freshdesk",
    door=lambda settings: RuleDoor(settings.of(FreshdeskSettings)),
    signing=Signing(secret="FRESHDESK_SECRET", sender="rule", needed="usable ticket_id"),
    place=lambda settings: TicketNotes(settings.of(FreshdeskSettings)),
    interval=0.5,
)
