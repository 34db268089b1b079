"""A Zendesk as the product's `Desk` sees it: whole HTTP answers, and writes that land when chance says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from integration.http import ServiceSession
from integration.zendesk.desk import Desk
from integration.zendesk.session import ZendeskAdapter
from integration.zendesk.settings import ZendeskSettings
from tests.simulator import troubles
from tests.simulator.network import Answer, Network
from tests.simulator.troubles import Accident, Trouble
from tests.simulator.world import START, World

US = 7777  # our own user
REQUESTER = 1000  # plus the ticket's number
_PATH = re.compile(r"/api/v2/(?:tickets/(?P<ticket>\d+)|users/(?P<user>\w+))(?P<rest>/[^.?]*)?(?:\.json)?(?:\?.*)?$")


@dataclass(kw_only=True)
class Comment:
    """A comment on a ticket."""

    comment_id: int
    author: int
    html: str
    public: bool
    at: float = START


@dataclass(kw_only=True)
class Ticket:
    """A ticket, and the trouble that is its own."""

    ticket_id: int
    email: str | None
    own_trouble: Trouble
    comments: list[Comment] = field(
        default_factory=lambda: [Comment(comment_id=1, author=REQUESTER, html="It does not work.", public=True)]
    )
    updates: int = 0  # that were asked for
    refusals: int = 0

    def notes(self) -> list[Comment]:
        """Our notes on it."""
        return [each for each in self.comments if each.author == US and "Highlights request " in each.html]


class Zendesk:
    """One account."""

    def __init__(self, world: World, network: Network) -> None:
        self._world = world
        self._network = network
        self.tickets: dict[int, Ticket] = {}
        self.trouble: Trouble | None = None  # of the whole account
        self._numbers = 500
        self._calls: dict[tuple[str, int], int] = {}

    def answer(self, method: str, path: str, body: Any, progress: Any) -> requests.Response:  # noqa: ANN401 -- JSON, and ours
        """Answer one request, in virtual time."""
        found = _PATH.search(path)
        if found is None:
            raise NotImplementedError(f"the model of Zendesk does not know {path}")
        ticket = self.tickets.get(int(found["ticket"] or 0))
        kind, number = self._kind(method, found), int(found["ticket"] or 0)
        if kind == "user":
            number = int(found["user"]) - REQUESTER
        self._calls[kind, number] = count = self._calls.get((kind, number), 0) + 1
        place = ("Zendesk", kind, number, count)
        accident = self._world.chance.pick(place, troubles.ACCIDENTS[kind])
        progress.sent = not accident.never_sent
        self._network.disturb(place)

        def write() -> Answer:
            return self._carry_out(kind, found, ticket, body, accident)

        refusal = self._refusal(kind, ticket)
        return self._network.exchange(place, accident, write if refusal is None else lambda: refusal, refused=refusal)

    @staticmethod
    def _kind(method: str, found: re.Match[str]) -> str:
        if found["user"]:
            return "user" if found["user"].isdecimal() else "me"
        if method == "PUT":
            return "hide" if "make_private" in (found["rest"] or "") else "update"
        return "comments" if found["rest"] else "ticket"

    def _refusal(self, kind: str, ticket: Ticket | None) -> Answer | None:
        """What Zendesk says when the account, or the ticket, is in trouble; nothing is written then."""
        if self.trouble is not None:
            return self.trouble.answer
        if ticket is None:
            return None
        if kind == "update":
            ticket.updates += 1
        own = ticket.own_trouble
        if kind not in own.kinds or ticket.refusals >= own.times:
            return None
        ticket.refusals += 1
        return own.answer

    def _carry_out(  # noqa: PLR0911 -- one return a kind of request
        self,
        kind: str,
        found: re.Match[str],
        ticket: Ticket | None,
        body: Any,  # noqa: ANN401 -- JSON
        accident: Accident,
    ) -> Answer:
        match kind:
            case "me":
                return Answer(200, {"user": {"id": US, "role": "agent", "email": "us@example.com"}})
            case "user":
                asked = self.tickets[int(found["user"]) - REQUESTER]
                email = asked.email or f"late{asked.ticket_id}@shop.example"
                return Answer(200, {"user": {"id": int(found["user"]), "email": email, "external_id": None}})
        if ticket is None:
            return Answer(404, troubles.NO_SUCH_RECORD)
        if kind == "ticket":
            return Answer(200, self._read(ticket))
        if kind == "comments":
            comments = [] if accident.wrong == "forgets" else [_shown(each) for each in ticket.comments]
            return Answer(200, {"comments": comments, "next_page": None, "count": len(comments)})
        if kind == "hide":
            [number] = re.findall(r"/comments/(\d+)/", found.string)
            for each in ticket.comments:
                if each.comment_id == int(number):
                    each.public = False
            return Answer(200, {})
        return self._update(ticket, body, accident)

    def _read(self, ticket: Ticket) -> dict[str, Any]:
        """A ticket with its requester, who may have written without an address at first."""
        requester = REQUESTER + ticket.ticket_id
        email = ticket.email or f"late{ticket.ticket_id}@shop.example"
        about = {"id": ticket.ticket_id, "status": "open", "requester_id": requester, "created_at": _time(START)}
        return {"ticket": about, "users": [{"id": requester, "email": email, "external_id": None}]}

    def _update(self, ticket: Ticket, body: Any, accident: Accident) -> Answer:  # noqa: ANN401 -- JSON
        self._numbers += 1
        html = body["ticket"]["comment"]["html_body"]
        public = accident.wrong == "public"
        comment = Comment(comment_id=self._numbers, author=US, html=html, public=public, at=self._world.now)
        ticket.comments.append(comment)
        self._world.tell(f"the note {'- PUBLIC - ' if public else ''}is on ticket {ticket.ticket_id}")
        event: dict[str, Any] = {"type": "Comment", **_shown(comment)}
        if accident.wrong == "says nothing of public":
            del event["public"]
        events = [] if accident.wrong == "shows no comment" else [event]
        about = {"id": ticket.ticket_id, "status": "open"}
        return Answer(200, {"ticket": about, "audit": {"id": 1, "ticket_id": ticket.ticket_id, "events": events}})


def _time(when: float) -> str:
    """A time as Zendesk writes it, in whole seconds."""
    return datetime.fromtimestamp(int(when), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _shown(comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.comment_id,
        "type": "Comment",
        "author_id": comment.author,
        "public": comment.public,
        "created_at": _time(comment.at),
        "html_body": comment.html,
        "body": comment.html,
        "plain_body": comment.html,
    }


# -- The product's side


class Transport(HTTPAdapter):
    """Takes the place of requests' own transport, below all that is ours."""

    model: Zendesk

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # noqa: ANN401 -- requests' own
        """Send one request."""
        progress = self.progress  # type: ignore[attr-defined]  # of the adapter that is made of this one
        body = json.loads(request.body) if request.body else None
        return self.model.answer(str(request.method), str(request.url), body, progress)


class SimulatedAdapter(ZendeskAdapter, Transport):
    """The product's adapter on that transport."""


class SimulatedDesk(Desk):
    """The product's desk, with a session of the model and without zenpy's slow way of reading JSON."""

    def __init__(self, settings: ZendeskSettings) -> None:
        super().__init__(settings)
        self._transport = self._zendesk = SimulatedAdapter(settings)
        self._session = ServiceSession(self._transport)
        self._zenpy = _Zenpy(self._session, self._transport.asked_url)

    def use(self, model: Zendesk) -> None:
        """Speak to this account from now on."""
        self._transport.model = model
        self._own_id = None


class _Zenpy:
    """zenpy's calls, as far as the desk uses them."""

    def __init__(self, session: ServiceSession, url: str) -> None:
        self.tickets = _Tickets(session, url)
        self.users = _Users(session, url)


class _Users:
    def __init__(self, session: ServiceSession, url: str) -> None:
        self._session = session
        self._url = url

    def __call__(self, *, id: int) -> Any:  # noqa: A002, ANN401 -- zenpy's own
        return _object(self._session.get(f"{self._url}/api/v2/users/{id}.json").json()["user"])

    def me(self) -> Any:  # noqa: ANN401 -- zenpy's own
        return _object(self._session.get(f"{self._url}/api/v2/users/me.json").json()["user"])


class _Tickets:
    def __init__(self, session: ServiceSession, url: str) -> None:
        self._session = session
        self._url = url

    def __call__(self, *, id: int) -> Any:  # noqa: A002, ANN401 -- zenpy's own
        return _object(self._session.get(f"{self._url}/api/v2/tickets/{id}.json").json()["ticket"])

    def comments(self, ticket: int, **_: Any) -> list[Any]:  # noqa: ANN401 -- zenpy's own
        answer = self._session.get(f"{self._url}/api/v2/tickets/{ticket}/comments.json")
        return [_object(each) for each in answer.json()["comments"]]

    def update(self, ticket: Any) -> Any:  # noqa: ANN401 -- zenpy's own
        comment = {"html_body": ticket.comment.html_body, "public": ticket.comment.public}
        url = f"{self._url}/api/v2/tickets/{ticket.id}.json"
        answer = self._session.put(url, json={"ticket": {"comment": comment}})
        return json.loads(answer.content, object_hook=lambda found: SimpleNamespace(**found))


def _object(found: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- zenpy's own
    return SimpleNamespace(**found)
