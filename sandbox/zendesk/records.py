"""What a Zendesk account holds, as facts that are replaced and never changed."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

Role = Literal["end-user", "agent", "admin"]

BRAND_ID: Final = 360001234567
GROUP_ID: Final = 360002345678
FORM_ID: Final = 8646151517822

BRANDS: Final = {BRAND_ID: "Acme", 360001234574: "Acme Outlet"}
GROUPS: Final = {GROUP_ID: "Support", 360002345685: "Billing"}
FORMS: Final = {FORM_ID: "Default Ticket Form", 8646151517829: "Returns"}
"""What the account has of each, by id."""

CUSTOMER_NUMBER: Final = 360009876543
LOGROCKET_USER: Final = 360009876550
FIELDS: Final = {CUSTOMER_NUMBER: "Customer number", LOGROCKET_USER: "LogRocket user"}
"""The account's own fields of tickets, all of them for text, by id."""

CHANNELS: Final = {"web": (0, "Web form"), "mail": (4, "Email"), "api": (5, "Web service (API)"), "chat": (29, "Chat")}
"""The ways a ticket can come in: the id and the title of each."""

RATINGS: Final = ("good", "bad")
"""How customers can rate a ticket."""

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """Write a time as Zendesk does: UTC, whole seconds, Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def ulid() -> str:
    """Return a new ULID, the kind of id that webhooks and invocations have."""
    number = int(time.time() * 1000) << 80 | secrets.randbits(80)
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True, kw_only=True)
class User:
    """Somebody: a customer without a login (`end-user`), an agent or an admin."""

    id: int
    name: str
    email: str | None = None
    external_id: str | None = None
    role: Role = "end-user"
    role_type: int | None = None
    custom_role_id: int | None = None
    ticket_restriction: str | None = None
    suspended: bool = False
    created_at: datetime = field(default_factory=now)


@dataclass(frozen=True, kw_only=True)
class Via:
    """How something came about; `rel` says what the source has to do with it, such as `merge`."""

    channel: str = "api"
    source: dict[str, Any] = field(default_factory=dict)
    rel: str | None = None


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment of a ticket as Zendesk stored it; not public means an internal note."""

    id: int
    author_id: int
    public: bool
    html_body: str
    plain_body: str
    body: str
    audit_id: int
    created_at: datetime = field(default_factory=now)
    custom_metadata: dict[str, Any] = field(default_factory=dict)
    via: Via = Via()


@dataclass(frozen=True, kw_only=True)
class Audit:
    """One update of a ticket and the events it consisted of."""

    id: int
    ticket_id: int
    author_id: int
    events: tuple[dict[str, Any], ...]
    created_at: datetime = field(default_factory=now)
    custom_metadata: dict[str, Any] = field(default_factory=dict)
    via: Via = Via()


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """A ticket with its comments, the first of which is its description."""

    id: int
    requester_id: int
    submitter_id: int
    subject: str
    description: str
    status: str = "new"
    priority: str | None = None
    type: str | None = None
    external_id: str | None = None
    tags: tuple[str, ...] = ()
    brand_id: int = BRAND_ID
    group_id: int = GROUP_ID
    form_id: int = FORM_ID
    custom_fields: Mapping[int, str] = field(default_factory=dict)
    via: str = "web"
    rating: str = "unoffered"
    rating_comment: str = ""
    comments: tuple[Comment, ...] = ()
    audits: tuple[Audit, ...] = ()
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)

    @property
    def satisfaction_score(self) -> str:
        """How its requester rated it, as triggers compare it: with a comment it is another value."""
        return f"{self.rating}_with_comment" if self.rating_comment else self.rating

    @property
    def is_public(self) -> bool:
        """Tell whether the customer can see any of it."""
        return any(comment.public for comment in self.comments)
