"""Zendesk's placeholders: `{{ticket.id}}` and its kin, in triggers' payloads and in comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from sandbox.zendesk.records import BRANDS, RATINGS, Ticket, User

_PLACEHOLDER: Final = re.compile(r"(\\)?(\{\{(.*?)\}\}|\{%.*?%\})", re.DOTALL)


def _as_it_is(value: str) -> str:
    return value


def render(template: str, values: Mapping[str, str], *, escape: Callable[[str], str] = _as_it_is) -> str:
    r"""Put values in the place of `{{names}}`; unknown ones and `{% tags %}` vanish, `\{{x}}` is escaped."""

    def rendered(match: re.Match[str]) -> str:
        if match[1]:
            return match[2]
        return escape(values.get((match[3] or "").strip(), ""))

    return _PLACEHOLDER.sub(rendered, template)


def placeholders(
    ticket: Ticket, *, requester: User, submitter: User, account_url: str, current: User | None = None
) -> dict[str, str]:
    """Return the values of the placeholders for a ticket, as plain text; what is not there is empty."""
    latest = ticket.comments[-1].plain_body if ticket.comments else ""
    values = {
        "ticket.id": str(ticket.id),
        "ticket.title": ticket.subject,
        "ticket.description": _with_header(ticket, submitter),
        "ticket.external_id": ticket.external_id or "",
        "ticket.via": "Web Form" if ticket.via == "web" else ticket.via.title(),
        "ticket.status": ticket.status.title(),
        "ticket.priority": (ticket.priority or "").title(),
        "ticket.ticket_type": (ticket.type or "").title(),
        "ticket.tags": " ".join(ticket.tags),
        "ticket.link": f"{account_url}/agent/tickets/{ticket.id}",
        "ticket.url": f"{account_url}/agent/tickets/{ticket.id}",
        "ticket.account": "Acme",
        "ticket.brand.name": BRANDS[ticket.brand_id],
        "ticket.organization.name": "",
        "ticket.created_at": _day(ticket.created_at),
        "ticket.updated_at": _day(ticket.updated_at),
        "ticket.created_at_with_timestamp": _minute(ticket.created_at),
        "ticket.updated_at_with_timestamp": _minute(ticket.updated_at),
        "ticket.latest_comment": latest,
        "satisfaction.current_rating": ticket.rating.title() if ticket.rating in RATINGS else "",
        "satisfaction.current_comment": ticket.rating_comment,
    }
    values |= _person("ticket.requester", requester) | _person("ticket.submitter", submitter)
    values |= {f"ticket.ticket_field_{number}": value for number, value in ticket.custom_fields.items()}
    return values | (_person("current_user", current) if current else {})


def _person(prefix: str, user: User) -> dict[str, str]:
    return {
        f"{prefix}.id": str(user.id),
        f"{prefix}.name": user.name,
        f"{prefix}.first_name": user.name.partition(" ")[0],
        f"{prefix}.last_name": user.name.partition(" ")[2],
        f"{prefix}.email": user.email or "",
        f"{prefix}.external_id": user.external_id or "",
        f"{prefix}.language": "English",
        f"{prefix}.phone": "",
    }


def _with_header(ticket: Ticket, author: User) -> str:
    moment = ticket.created_at
    head = f"{author.name}, {moment:%b} {moment.day}, {moment:%Y, %H:%M}"
    return f"{'-' * 46}\n\n{head}\n\n{ticket.description}"


def _day(moment: datetime) -> str:
    return f"{moment:%B} {moment.day}, {moment.year}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}Z"
