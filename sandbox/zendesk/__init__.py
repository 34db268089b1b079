"""A stand-in for Zendesk: an account in memory behind the parts of its API that the integration uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Unpack

from sandbox.faults import Faults
from sandbox.outbound import Background, require_loopback
from sandbox.server import LoopbackServer, Recorded
from sandbox.zendesk import merging
from sandbox.zendesk.account import Change, NewComment, TicketPlace, UserFacts
from sandbox.zendesk.app import create_app
from sandbox.zendesk.delivery import Attempt, Delivery
from sandbox.zendesk.desk import Desk
from sandbox.zendesk.records import Comment, Ticket, User

__all__ = ["Attempt", "Comment", "Delivery", "Product", "Ticket", "Zendesk"]

DEFAULT_PAYLOAD: Final = (
    '{"ticket_id": "{{ticket.id}}", "requester_email": "{{ticket.requester.email}}", '
    '"requester_external_id": "{{ticket.requester.external_id}}"}'
)


@dataclass(frozen=True)
class Product:
    """Where the product's own page is, and what its log said last of a ticket, for the page of the sandbox to tell."""

    url: str
    password: str = field(repr=False)
    said_of: Callable[[int], str | None] = field(default=lambda _ticket_id: None, repr=False)


class Zendesk:
    """The Python face of the stand-in: what an admin, a customer and time itself can do to an account."""

    payload: Final = DEFAULT_PAYLOAD
    """The payload of the trigger that `install_webhook` makes when none is given."""

    def __init__(self, *, faults: Faults, port: int = 0) -> None:
        """Bind the port (0: any free one)."""
        self._background = Background()
        self.desk = Desk(self._background)
        self.app = create_app(self.desk)
        self._server = LoopbackServer("zendesk", self.app, faults=faults, port=port, unrecorded=_is_ours)
        self.desk.url = self._server.url
        self.product: Product | None = None

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> None:
        """Stop answering and delivering."""
        self._server.stop()
        self._background.stop()

    @property
    def subdomain(self) -> str:
        """The name of the account at Zendesk."""
        return self.desk.subdomain

    @property
    def url(self) -> str:
        """The address of the account."""
        return self._server.url

    @property
    def requests(self) -> list[Recorded]:
        """What was asked of the account so far, in order of arrival."""
        return self._server.requests

    def forget_requests(self) -> None:
        """Start the record of requests anew."""
        self._server.forget_requests()

    # What an admin does.

    @property
    def client_id(self) -> str:
        """The identifier of the OAuth client."""
        return self.desk.tokens.client_id

    @property
    def client_secret(self) -> str:
        """The secret of the OAuth client."""
        return self.desk.tokens.client_secret

    @property
    def api_token(self) -> str:
        """The account's API token, which fits the e-mail of every user."""
        return self.desk.tokens.api_token

    @property
    def agent_email(self) -> str:
        """The e-mail of an agent, for use with the API token."""
        return str(self.desk.account.agent.email)

    def install_webhook(
        self, endpoint: str, payload: str | None = None, subscription: Literal["trigger", "event"] = "trigger"
    ) -> str:
        """Make a webhook and a trigger for new tickets; once per endpoint. Returns the signing secret."""
        require_loopback(endpoint)
        event = subscription == "event"
        return self.desk.hooks.install(endpoint, payload=payload or self.payload, event=event).secret

    def be_a_trial(self) -> None:
        """Have the limits of a trial or sandbox account."""
        self.desk.limits.account_updates = 20
        self.desk.deliverer.invocations_a_minute = 60

    def revoke_tokens(self) -> None:
        """Make every OAuth token that was issued so far invalid."""
        self.desk.tokens.revoke()

    # What customers and agents do.

    def file_ticket(  # noqa: PLR0913  # all of them by name, and all optional
        self,
        *,
        requester: str | None = "ada@shop.example",
        name: str | None = None,
        external_id: str | None = None,
        submitter: str | None = None,
        suspended: bool = False,
        subject: str = "The discount code does not work",
        description: str = "I enter the code at the checkout and the price stays the same.",
        status: str = "new",
        tags: tuple[str, ...] = (),
        public: bool = True,
        deliver: bool = True,
        **place: Unpack[TicketPlace],
    ) -> int:
        """File a ticket and return its number; `deliver=False` tells no webhook of it.

        `submitter` is the e-mail address of an agent who files it for the requester.
        """
        account = self.desk.account
        person = account.requester(email=requester, name=name, external_id=external_id, suspended=suspended or None)
        agent = self._agent(submitter) if submitter else None
        ticket = account.file(
            person,
            description=description,
            public=public,
            submitter=agent,
            subject=subject,
            status=status,
            tags=tags,
            **place,
        )
        if deliver:
            self.desk.ticket_filed(ticket)
        return ticket.id

    def deliver(self, ticket_id: int) -> None:
        """Tell the webhooks of a ticket once more, as if it had just been filed: a duplicate delivery."""
        self.desk.ticket_filed(self.desk.account.ticket(ticket_id))

    def set_status(self, ticket_id: int, status: str) -> None:
        """Give a ticket another status, also out of `closed`, which the API never allows."""
        account = self.desk.account
        with account.lock:
            account.put(replace(account.ticket(ticket_id), status=status))

    def know(self, email: str, **facts: Unpack[UserFacts]) -> int:
        """Make somebody known to the account, or change what is known: name, role, suspended; returns the user's id."""
        return self.desk.account.requester(email=email, **facts).id

    def add_tags(self, ticket_id: int, *tags: str) -> None:
        """Add tags to a ticket, as an agent does by hand."""
        self.desk.update(ticket_id, Change(more_tags=tags), by=self.desk.account.agent)

    def apply_macro(self, ticket_id: int, macro_id: int) -> None:
        """Apply a macro to a ticket, as an agent does with a click."""
        self.desk.apply_macro(ticket_id, macro_id, by=self.desk.account.agent)

    def rate(self, ticket_id: int, rating: Literal["good", "bad"], comment: str | None = None) -> None:
        """Rate a ticket, as its requester does when an agent has solved it.

        A comment may come later: then it is rated once more, with it.
        """
        if self.ticket(ticket_id).status not in ("solved", "closed"):
            self.desk.update(ticket_id, Change(fields={"status": "solved"}), by=self.desk.account.agent)
        self.desk.rate(ticket_id, rating, comment)

    def merge(self, *ids: int, into: int, source_comment: str | None = None, public: bool = False) -> None:
        """Merge tickets into another one, as an agent does: with the comments that Zendesk proposes.

        `source_comment` is what the agent writes instead on those that are merged.
        """
        account = self.desk.account
        sources, target = [account.ticket(number) for number in ids], account.ticket(into)
        comments = merging.proposed(sources, target, account_url=self.url, public=public)
        if source_comment is not None:
            comments = replace(comments, source=NewComment(body=source_comment, public=public))
        self.desk.merge(ids, into=into, comments=comments, by=account.agent)

    def delete_ticket(self, ticket_id: int) -> None:
        """Delete a ticket."""
        self.desk.account.delete(ticket_id)

    def _agent(self, email: str) -> User:
        """Return the agent with an e-mail address."""
        agent = self.desk.account.user_with(email)
        if agent is None or agent.role == "end-user":
            raise ValueError(f"no agent has this e-mail address: {email}")
        return agent

    # What there is to see.

    def tickets(self) -> list[Ticket]:
        """The tickets, oldest first."""
        with self.desk.account.lock:
            return list(self.desk.account.tickets.values())

    def ticket(self, ticket_id: int) -> Ticket:
        """The ticket of that number."""
        return self.desk.account.ticket(ticket_id)

    def comments(self, ticket_id: int) -> list[Comment]:
        """The comments of a ticket, oldest first; the first is its description."""
        return list(self.desk.account.ticket(ticket_id).comments)

    def internal_notes(self, ticket_id: int | None = None) -> list[Comment]:
        """The internal notes of a ticket, or of all tickets; not those that merging leaves, which agents write."""
        wanted = self.tickets() if ticket_id is None else [self.desk.account.ticket(ticket_id)]
        return [
            comment
            for ticket in wanted
            for comment in ticket.comments
            if not comment.public and comment.via.channel != "web"
        ]

    @property
    def deliveries(self) -> list[Delivery]:
        """The deliveries that came to an end, in the order in which they did."""
        return self.desk.deliverer.ended

    @property
    def all_deliveries(self) -> list[Delivery]:
        """All deliveries, in the order in which they began; the outcome of those that go on is None."""
        return self.desk.deliverer.all


def _is_ours(target: str) -> bool:
    """Tell requests for the sandbox's own page from those that Zendesk would get."""
    path = target.partition("?")[0]
    return path in ("/", "/favicon.ico") or path == "/sandbox" or path.startswith("/sandbox/")
