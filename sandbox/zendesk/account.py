"""The account: its people and tickets, and what happens to a ticket when it is updated."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Required, TypedDict, Unpack

from sandbox.zendesk import comments, refusals
from sandbox.zendesk.placeholders import placeholders
from sandbox.zendesk.records import Audit, Comment, Role, Ticket, User, Via, now

FIRST_TICKET: Final = 35436
MAX_COMMENTS: Final = 5000
USUAL_NAME: Final = "Ada"
STATUSES: Final = ("new", "open", "pending", "hold", "solved", "closed")


@dataclass(frozen=True, kw_only=True)
class NewComment:
    """A comment to be added; `public` None means that nothing was said about it."""

    html_body: str | None = None
    body: str | None = None
    public: bool | None = None
    author_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class Change:
    """What an update wants of a ticket; None leaves a thing as it is."""

    comment: NewComment | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] | None = None
    more_tags: tuple[str, ...] = ()
    fewer_tags: tuple[str, ...] = ()
    metadata: dict[str, Any] = field(default_factory=dict)
    unless_changed_since: str | None = None
    via: Via = field(default_factory=Via)


class UserFacts(TypedDict, total=False):
    """What is known of a user besides the e-mail; None leaves it as it is."""

    name: str | None
    external_id: str | None
    role: Role | None
    suspended: bool | None


class TicketPlace(TypedDict, total=False):
    """Where a ticket is filed, on which way, when, and with what in the account's own fields."""

    brand_id: int
    group_id: int
    form_id: int
    via: str
    created_at: datetime
    custom_fields: Mapping[int, str]


class TicketFacts(TicketPlace, total=False):
    """What is known of a ticket when it is filed, besides who says what."""

    subject: Required[str]
    status: str
    tags: tuple[str, ...]


class Account:
    """Holds the people and the tickets. Records are frozen: who has read one may keep it."""

    def __init__(self, account_url: Callable[[], str]) -> None:
        """Start with an admin, who is who the integration acts as, and an agent."""
        self.lock = threading.RLock()
        self._account_url = account_url
        self._ids = itertools.count(360009000001, 7)
        self._numbers = itertools.count(FIRST_TICKET)
        self.users: dict[int, User] = {}
        self.tickets: dict[int, Ticket] = {}
        self.closed_says = refusals.CLOSED_SENTENCES[0]  # Zendesk's words differ, its `status` key does not
        self.custom_roles: dict[int, dict[str, Any]] = {}
        """What each custom role may do, by its id: its `configuration`."""
        self.service_user = self.add_user(
            User(id=self.new_id(), name="Highlights Service", email="highlights@acme.example", role="admin")
        )
        self.agent = self.add_user(User(id=self.new_id(), name="Sam Agent", email="sam@acme.example", role="agent"))

    def new_id(self) -> int:
        """Return an id that nothing else has."""
        return next(self._ids)

    def add_user(self, user: User) -> User:
        """Keep a user."""
        with self.lock:
            self.users[user.id] = user
        return user

    def requester(self, *, email: str | None, **facts: Unpack[UserFacts]) -> User:
        """Return the user with this e-mail, made when there is none; without an e-mail always a new one."""
        told: Any = {name: value for name, value in facts.items() if value is not None}
        with self.lock:
            known = self.user_with(email) if email else None
            if known:
                return self.add_user(replace(known, **told))
            return self.add_user(User(**{"id": self.new_id(), "name": USUAL_NAME, "email": email} | told))

    def user_with(self, email: str) -> User | None:
        """Return the user with an e-mail address; None when there is none."""
        return next((user for user in list(self.users.values()) if user.email == email), None)

    def user(self, user_id: int) -> User:
        """Return a user, or refuse."""
        try:
            return self.users[user_id]
        except KeyError:
            raise refusals.not_found() from None

    def ticket(self, ticket_id: int) -> Ticket:
        """Return a ticket, or refuse: deleted ones cannot be told from those that never were."""
        try:
            return self.tickets[ticket_id]
        except KeyError:
            raise refusals.not_found() from None

    def file(
        self,
        requester: User,
        *,
        description: str,
        public: bool = True,
        submitter: User | None = None,
        **facts: Unpack[TicketFacts],
    ) -> Ticket:
        """File a ticket; its description is its first comment, and whoever submits the ticket is its author."""
        author = submitter or requester
        with self.lock:
            number = next(self._numbers)
            ticket = Ticket(
                id=number, requester_id=requester.id, submitter_id=author.id, description=description, **facts
            )
            ticket = replace(ticket, updated_at=ticket.created_at)
            audit_id = self.new_id()
            change = Change(comment=NewComment(body=description, public=public))
            ticket, event = self._commented(ticket, change, author=author, audit_id=audit_id, at=ticket.created_at)
            events = (event, *self._created(ticket))
            audit = Audit(
                id=audit_id, ticket_id=number, author_id=author.id, events=events, created_at=ticket.created_at
            )
            ticket = replace(ticket, audits=(audit,))
            self.tickets[number] = ticket
            return ticket

    def put(self, ticket: Ticket) -> None:
        """Keep a ticket as it is now."""
        with self.lock:
            self.tickets[ticket.id] = ticket

    def delete(self, ticket_id: int) -> None:
        """Delete a ticket."""
        with self.lock:
            self.ticket(ticket_id)
            del self.tickets[ticket_id]

    def update(self, ticket_id: int, change: Change, *, by: User) -> tuple[Ticket, Audit]:
        """Carry out an update whole, or refuse it whole."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            if ticket.status == "closed":
                raise refusals.closed(self.closed_says)
            if change.unless_changed_since not in (None, ticket.updated_at.strftime("%Y-%m-%dT%H:%M:%SZ")):
                raise refusals.conflict()
            audit_id, events, moment = self.new_id(), [], now()
            if change.comment is not None:
                ticket, event = self._commented(ticket, change, author=by, audit_id=audit_id, at=moment)
                events.append(event)
            ticket, changes = self._changed(ticket, change)
            audit = Audit(
                id=audit_id,
                ticket_id=ticket.id,
                author_id=by.id,
                events=(*events, *changes),
                created_at=moment,
                custom_metadata=change.metadata,
                via=change.via,
            )
            ticket = replace(ticket, updated_at=moment, audits=(*ticket.audits, audit))
            self.tickets[ticket.id] = ticket
            return ticket, audit

    def rate(self, ticket_id: int, rating: str, comment: str | None) -> tuple[Ticket, Ticket]:
        """Rate a ticket as its requester; returns it as it was and as it is. A comment stays until another comes."""
        with self.lock:
            before = self.ticket(ticket_id)
            if before.status == "closed":
                raise refusals.closed(self.closed_says)
            told = before.rating_comment if comment is None else comment
            ticket = replace(before, rating=rating, rating_comment=told, updated_at=now())
            event = {
                "id": self.new_id(),
                "type": "Change",
                "field_name": "satisfaction_score",
                "value": ticket.satisfaction_score,
                "previous_value": before.satisfaction_score,
            }
            audit = Audit(
                id=self.new_id(),
                ticket_id=ticket_id,
                author_id=ticket.requester_id,
                events=(event,),
                created_at=ticket.updated_at,
            )
            self.tickets[ticket_id] = replace(ticket, audits=(*ticket.audits, audit))
            return before, self.tickets[ticket_id]

    def make_private(self, ticket_id: int, comment_id: int) -> None:
        """Turn a public comment into an internal note."""
        with self.lock:
            ticket = self.ticket(ticket_id)
            if all(comment.id != comment_id for comment in ticket.comments):
                raise refusals.not_found()
            changed = tuple(replace(c, public=False) if c.id == comment_id else c for c in ticket.comments)
            self.tickets[ticket_id] = replace(ticket, comments=changed, updated_at=now())

    def placeholders(self, ticket: Ticket, *, current: User | None = None) -> dict[str, str]:
        """Return the values of the placeholders for a ticket, `current` being who updates it."""
        people = {"requester": self.user(ticket.requester_id), "submitter": self.user(ticket.submitter_id)}
        return placeholders(ticket, account_url=self._account_url(), current=current, **people)

    def _commented(
        self, ticket: Ticket, change: Change, *, author: User, audit_id: int, at: datetime
    ) -> tuple[Ticket, dict[str, Any]]:
        """Return the ticket with the comment of a change, and the event that tells of it."""
        new = change.comment or NewComment()
        if len(ticket.comments) >= MAX_COMMENTS:
            raise refusals.invalid_record("base", f"Ticket has reached the limit of {MAX_COMMENTS} comments")
        values = self.placeholders(ticket, current=author)
        if new.html_body is not None:
            text = comments.from_html(new.html_body, values)
        else:
            text = comments.from_text(new.body or "", values)
        comment = Comment(
            id=self.new_id(),
            author_id=new.author_id or author.id,
            public=ticket.is_public or not ticket.comments if new.public is None else new.public,
            html_body=text.html_body,
            plain_body=text.plain_body,
            body=text.body,
            audit_id=audit_id,
            created_at=at,
            custom_metadata=change.metadata,
            via=change.via,
        )
        return replace(ticket, comments=(*ticket.comments, comment)), _comment_event(comment)

    def _created(self, ticket: Ticket) -> list[dict[str, Any]]:
        """Return the events that tell with what a ticket was created."""
        first = {
            "subject": ticket.subject,
            "status": ticket.status,
            "priority": ticket.priority,
            "type": ticket.type,
            "tags": list(ticket.tags),
            "requester_id": str(ticket.requester_id),
            "brand_id": str(ticket.brand_id),
            "group_id": str(ticket.group_id),
            "ticket_form_id": str(ticket.form_id),
        }
        return [
            {"id": self.new_id(), "type": "Create", "field_name": name, "value": value} for name, value in first.items()
        ]

    def _changed(self, ticket: Ticket, change: Change) -> tuple[Ticket, list[dict[str, Any]]]:
        """Return the ticket with its fields and tags changed, and the events that tell of it."""
        wanted = dict(change.fields)
        if wanted.get("status", "new") not in STATUSES:
            raise refusals.invalid_record("status", "Status: is not included in the list")
        tags = ticket.tags if change.tags is None else change.tags
        tags = tuple(dict.fromkeys(tag for tag in (*tags, *change.more_tags) if tag not in change.fewer_tags))
        wanted["tags"] = tags
        events = [
            {
                "id": self.new_id(),
                "type": "Change",
                "field_name": name,
                "value": value,
                "previous_value": before,
            }
            for name, value in wanted.items()
            if (before := getattr(ticket, name)) != value
        ]
        return replace(ticket, **wanted), events


def _comment_event(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "type": "Comment",
        "author_id": comment.author_id,
        "body": comment.body,
        "html_body": comment.html_body,
        "plain_body": comment.plain_body,
        "public": comment.public,
        "attachments": [],
        "audit_id": comment.audit_id,
    }
