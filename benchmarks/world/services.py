"""Stand-ins for LogRocket and Zendesk, as cheap as can be, and what they have seen of each ticket."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.world.http import Answer, Request

_TICKET = re.compile(r"/api/v2/tickets/(\d+)(/comments)?(?:\.json)?(?:\?.*)?")
_APP = "/v1/orgs/acme/apps/shop/highlights"
_PLACE = "https://app.logrocket.com/acme/shop/s/5-14de95d6-d5b8-1a62-0a3a-4858caf874b0/0"
_OUR_USER, _REQUESTER = 360009000001, 360009000008
_TIME = "2026-11-30T00:00:00Z"
_UNLIMITED = (
    b"X-Rate-Limit: 999999999\r\nX-Rate-Limit-Remaining: 999999999\r\nratelimit-limit: 999999999\r\n"
    b"ratelimit-remaining: 999999999\r\nratelimit-reset: 1\r\n"
)
_SUMMARY = (
    f"The shopper [fills a cart with two lamps]({_PLACE}?t=1715564734801) and [enters the discount code SPRING20 four "
    f"times]({_PLACE}?t=1715564780000). Each time the page answers **This code is not valid for your cart** although a "
    "banner on the same page offers it; at last the request to `/api/discounts` [fails with status 500]"
    f"({_PLACE}?t=1715564800000)."
)
_SESSION = f"The user [opens the cart]({_PLACE}?t=1715564734801), tries the code three times and leaves the checkout."


@dataclass
class Seen:
    """What came of one ticket; times are of the clock that all processes of a machine share (`time.monotonic`)."""

    notes: int = 0
    public: int = 0
    marked: int = 0
    called_back: float = 0.0  # when the callback was accepted
    noted: float = 0.0  # when the last request for a note arrived


class Services:
    """Both services; `call_back` is told of every request for highlights: its address, its id, its result.

    `endpoint` is where Zendesk's webhook points, for whoever looks at that.
    """

    def __init__(self, call_back: Callable[[str, str, bytes], None], *, endpoint: str) -> None:
        self._call_back = call_back
        self._lists = lists(endpoint)
        self.told: set[str] = set()  # the requests of which LogRocket has told what came of them
        self.logrocket_seconds = self.zendesk_seconds = 0.0
        self.marker = ""  # that a note has to have
        self._asked = 0  # for highlights, ever
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.tickets: dict[int, Seen] = {}
        self.connections = 0
        self.noted = 0  # tickets that have a note
        self.asked_for = 0  # requests for highlights
        self.about_tickets = 0  # requests to Zendesk about any ticket
        self.last_asked = 0.0  # when the last request about any ticket arrived

    def ticket(self, number: int) -> Seen:
        """What was seen of a ticket."""
        return self.tickets.setdefault(number, Seen())

    def answer(self, request: Request, *, first: bool) -> Answer:
        """Answer as both services would, and remember."""
        self.connections += first
        path = request.target.partition("?")[0]
        if path.startswith(_APP):
            return self._highlights(request)
        if path == "/oauth/tokens":
            return _json({"access_token": "t" * 40, "token_type": "bearer", "expires_in": 172800}, 0.0)
        if path.startswith("/api/v2/users/me"):
            return _json({"user": _user(_OUR_USER, "admin")}, self.zendesk_seconds)
        if path in self._lists:
            return _json(self._lists[path], self.zendesk_seconds)
        about = _TICKET.fullmatch(request.target)
        if about is None:
            return Answer(b'{"error": "RecordNotFound", "description": "Not found"}', status=404)
        return self._about_ticket(request, int(about[1]), comments=about[2] is not None)

    def _highlights(self, request: Request) -> Answer:
        if request.method == "GET":
            request_id = request.target.partition("id=")[2]
            if request_id in self.told:
                return Answer(result(request_id), after=self.logrocket_seconds)
            pending = {"result": None, "status": "PENDING", "appID": "acme/shop"}
            return _json({**pending, "requestID": request_id}, self.logrocket_seconds)
        asked = json.loads(request.body)
        self.asked_for += 1
        self._asked += 1
        request_id = f"{self._asked:064x}"[::-1]
        self._call_back(asked["webhookURL"], request_id, result(request_id))
        return _json({"id": request_id}, self.logrocket_seconds)

    def _about_ticket(self, request: Request, number: int, *, comments: bool) -> Answer:
        seen, now = self.ticket(number), time.monotonic()
        self.last_asked = now
        self.about_tickets += 1
        if comments:
            return _json({"comments": [_comment(1, public=True)], "meta": {"has_more": False}}, self.zendesk_seconds)
        if request.method == "GET":
            told = {"ticket": _ticket(number), "users": [_user(_REQUESTER, "end-user")]}
            return _json(told, self.zendesk_seconds)
        note = json.loads(request.body)["ticket"]["comment"]
        self.noted += not seen.notes
        seen.notes += 1
        seen.public += note.get("public") is not False
        seen.marked += self.marker in (note.get("html_body") or note.get("body"))
        seen.noted = now
        event = {**_comment(number * 10, public=False), "attachments": [], "audit_id": number * 10 + 1}
        audit = {"id": number * 10 + 1, "ticket_id": number, "author_id": _OUR_USER, "events": [event]}
        return _json({"ticket": _ticket(number), "audit": {**audit, "created_at": _TIME}}, self.zendesk_seconds)


def _json(told: dict[str, Any], after: float) -> Answer:
    return Answer(json.dumps(told).encode(), after=after, headers=_UNLIMITED)


def result(request_id: str) -> bytes:
    """What LogRocket tells of a request that is ready, by callback and when it is asked."""
    session = {"recordingID": "5-14de95d6-d5b8-1a62-0a3a-4858caf874b0", "sessionID": 0, "highlights": _SESSION}
    told = {"highlights": _SUMMARY, "sessions": [session]}
    answer = {"result": told, "status": "READY", "appID": "acme/shop", "requestID": request_id}
    return json.dumps(answer).encode()


def lists(endpoint: str) -> dict[str, dict[str, Any]]:
    """What a look for missed deliveries reads: one webhook, its trigger, and that nothing was missed."""
    webhook = {"id": "01W", "endpoint": endpoint, "status": "active", "subscriptions": ["conditional_ticket_events"]}
    trigger = {"id": 7, "active": True, "description": "", "conditions": {"all": [], "any": []}, "created_at": _TIME}
    actions = [{"field": "notification_webhook", "value": ["01W", "{}"]}]
    last = {"meta": {"has_more": False}}
    return {
        "/api/v2/webhooks": {"webhooks": [{**webhook, "created_at": _TIME}], **last},
        "/api/v2/webhooks/01W/invocations": {"invocations": [], **last},
        "/api/v2/triggers": {"triggers": [{**trigger, "actions": actions}], **last},
        "/api/v2/search/export": {"results": [], **last},
    }


def _ticket(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "subject": "The discount code does not work",
        "description": "I enter the code at the checkout and the price stays the same. Why is that?",
        "status": "new",
        "priority": None,
        "requester_id": _REQUESTER,
        "submitter_id": _REQUESTER,
        "brand_id": 1,
        "group_id": 2,
        "ticket_form_id": 3,
        "tags": [],
        "custom_fields": [],
        "via": {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        "created_at": _TIME,
        "updated_at": _TIME,
    }


def _user(number: int, role: str) -> dict[str, Any]:
    return {"id": number, "name": "Ada", "email": f"{number}@shop.example", "role": role, "external_id": None}


def _comment(number: int, *, public: bool) -> dict[str, Any]:
    text = {"body": "A text", "html_body": "<p>A text</p>", "plain_body": "A text"}
    told = {"id": number, "type": "Comment", "author_id": _OUR_USER, "public": public, "created_at": _TIME}
    return {**told, **text, "via": {"channel": "api", "source": {"rel": None}}}
