"""What a ticket's record says of its case, beside the record of its requester (pure).

Any field may be missing, or be of another type: a ticket is not lost for one that we can do without. What is wrong with
the rest raises an error of Python's: the caller reads within `understood`, which makes one of ours of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from integration.errors import CaseClosed, NoAddress, NoNotePossible
from integration.facts import Details
from integration.json_body import email_address, identity
from integration.zendesk import people
from integration.zendesk.settings import EMAIL, EXTERNAL_ID, FIELD, ON_DEMAND, ZendeskSettings
from integration.zendesk.times import unix

Record = Mapping[str, Any]

_OVER: Final = ("closed", "deleted")
_STAFF: Final = ("agent", "admin")


def requester_id(ticket: Record) -> int:
    """The id of who asks; an agent may have filed the ticket for them."""
    return int(ticket["requester_id"])


def require_open(ticket: Record) -> None:
    """Raise `CaseClosed` when the ticket takes no note any more."""
    status = ticket["status"]
    if status in _OVER:
        raise CaseClosed(f"the ticket is {status}", service="Zendesk")


def require_customer(user: Record, settings: ZendeskSettings) -> None:
    """Raise `NoNotePossible` when the requester is none whom notes are about."""
    role, address = user.get("role"), email_address(user.get("email"))
    if role in _STAFF:
        raise NoNotePossible(f"the requester is an {role}, no customer", service="Zendesk")
    if user.get("suspended") is True:
        raise NoNotePossible("the requester is suspended", service="Zendesk")
    if address is not None and people.is_own(address, settings.skip_domains):
        raise NoNotePossible("the requester's e-mail domain is one of SKIP_DOMAINS", service="Zendesk")


def details(ticket: Record, user: Record, settings: ZendeskSettings, *, now: float) -> Details:
    """What the records say; `NoAddress` when they name nobody who can be looked for."""
    known = {EMAIL: user.get("email"), EXTERNAL_ID: user.get("external_id"), **_fields(ticket)}
    persons = people.in_order(known, settings.identify_by)
    if not persons:
        raise NoAddress(_nobody(settings), service="Zendesk")
    tags = ticket.get("tags")
    created = unix(ticket.get("created_at"))
    return Details(
        people=persons,
        name=_text(user.get("name")).strip() or None,
        subject=_text(ticket.get("subject")),
        text=_text(ticket.get("description")),
        created=now if created is None else created,
        brand=_label(ticket.get("brand_id")),
        form=_label(ticket.get("ticket_form_id")),
        tagged=isinstance(tags, list) and ON_DEMAND in tags,
    )


def _nobody(settings: ZendeskSettings) -> str:
    words = {EMAIL: "no e-mail address", EXTERNAL_ID: "no external id"}
    lacks = [words[way] for way in settings.identify_by if way in words]
    fields = [way.removeprefix(FIELD) for way in settings.identify_by if way.startswith(FIELD)]
    told = [f"the requester has {' and '.join(lacks)}"] if lacks else []
    told += [f"the ticket's field {number} names nobody" for number in fields]
    return ", and ".join(told)


def _fields(ticket: Record) -> dict[str, object]:
    """The values of the ticket's own fields, by how `IDENTIFY_BY` names them."""
    listed = ticket.get("custom_fields")
    return {
        f"{FIELD}{field.get('id')}": field.get("value")
        for field in (listed if isinstance(listed, list) else ())
        if isinstance(field, dict)
    }


def _label(number: object) -> tuple[str, None] | None:
    """A brand or a form by its id; its name is nowhere in a ticket's record."""
    text = identity(number)
    return None if text is None else (text, None)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
