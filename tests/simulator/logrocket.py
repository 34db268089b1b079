"""A LogRocket as the product's client sees it, and its callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter

from integration.http import ServiceSession
from integration.logrocket.client import LogRocket, LogRocketAdapter
from integration.logrocket.settings import LogRocketSettings
from tests.simulator import troubles
from tests.simulator.network import Answer, Network
from tests.simulator.troubles import Outcome, Trouble
from tests.simulator.world import World


@dataclass(kw_only=True)
class Request:
    """A request for highlights that was taken."""

    request_id: str
    ticket_id: int
    outcome: Outcome
    at: float

    def body(self, *, now: float) -> dict[str, Any]:
        """What is said of it."""
        outcome = self.outcome
        if outcome.ready_after is None or now < self.at + outcome.ready_after:
            return {"requestID": self.request_id, "status": "PENDING", "result": None}
        if outcome.status == "FAILED":
            return {"requestID": self.request_id, "status": "FAILED", "result": None}
        sessions = [{"recordingID": "5-1", "sessionID": 0, "highlights": "Looked."}] * outcome.sessions
        return {
            "requestID": self.request_id,
            "status": "READY",
            "result": {"highlights": "Came.", "sessions": sessions},
        }


class Service:
    """One project."""

    def __init__(self, world: World, network: Network, call_back: Callable[[int, dict[str, Any]], None]) -> None:
        self._world = world
        self._network = network
        self._call_back = call_back
        self.taken: dict[str, Request] = {}
        self.trouble: Trouble | None = None  # of the whole project
        self.own_troubles: dict[int, Trouble] = {}
        self.asked: dict[int, int] = {}
        self.polled: dict[int, int] = {}
        self._impossible = 0

    def answer(self, method: str, options: dict[str, Any], progress: Any) -> requests.Response:  # noqa: ANN401 -- ours
        """Answer one request, in virtual time."""
        if method == "POST":
            return self._ask(options["json"], progress)
        return self._poll(options["params"]["id"], progress)

    def _ask(self, body: dict[str, Any], progress: Any) -> requests.Response:  # noqa: ANN401 -- ours
        ticket_id = int(parse_qs(urlsplit(body["webhookURL"]).query)["ticket_id"][0])
        self.asked[ticket_id] = count = self.asked.get(ticket_id, 0) + 1
        place = ("LogRocket", "ask", ticket_id, count)
        accident = self._world.chance.pick(place, troubles.ACCIDENTS["ask"])
        progress.sent = not accident.never_sent
        self._network.disturb(place)
        refusal = self.trouble.answer if self.trouble else self._own(ticket_id, count)
        if refusal is not None:
            return self._network.exchange(place, accident, lambda: refusal, refused=refusal)
        return self._network.exchange(place, accident, lambda: self._take(ticket_id, count), refused=None)

    def _own(self, ticket_id: int, count: int) -> Answer | None:
        own = self.own_troubles.get(ticket_id)
        return own.answer if own is not None and "ask" in own.kinds and count <= own.times else None

    def _take(self, ticket_id: int, count: int) -> Answer:
        outcome = self._world.chance.pick(("LogRocket", "result", ticket_id, count), troubles.OUTCOMES)
        request_id = f"t{ticket_id:05}r{count:05}".ljust(64, "0")
        taken = Request(request_id=request_id, ticket_id=ticket_id, outcome=outcome, at=self._world.now)
        self.taken[request_id] = taken
        if outcome.name:
            self._world.tell(f"LogRocket takes request {count} of ticket {ticket_id}, and {outcome.name}")
        for seconds in outcome.callbacks:
            self._world.after(seconds, lambda: self._send(taken))
        return Answer(200, {"id": request_id})

    def _send(self, taken: Request) -> None:
        body = taken.body(now=self._world.now)
        if taken.outcome.names_another:
            body["requestID"] = "someone-elses".ljust(64, "0")
        self._call_back(taken.ticket_id, body)

    def _poll(self, request_id: str, progress: Any) -> requests.Response:  # noqa: ANN401 -- ours
        taken = self.taken.get(request_id)
        ticket_id = 0 if taken is None else taken.ticket_id
        self.polled[ticket_id] = count = self.polled.get(ticket_id, 0) + 1
        place = ("LogRocket", "poll", ticket_id, count)
        accident = self._world.chance.pick(place, troubles.ACCIDENTS["poll"])
        progress.sent = not accident.never_sent
        self._network.disturb(place)
        unknown = Answer(404, {"message": "not found"})
        if self.trouble is not None:
            refusal = self.trouble.answer
            return self._network.exchange(place, accident, lambda: refusal, refused=refusal)
        if taken is None or taken.outcome.ready_after is None:
            return self._network.exchange(place, accident, lambda: unknown, refused=unknown)
        return self._network.exchange(
            place, accident, lambda: Answer(200, taken.body(now=self._world.now)), refused=None
        )


class Transport(HTTPAdapter):
    """Takes the place of requests' own transport, below all that is ours."""

    model: Service

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:  # noqa: ANN401 -- requests' own
        """Send one request."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(str(request.url)).query).items()}
        options = {"json": json.loads(request.body) if request.body else None, "params": query}
        return self.model.answer(str(request.method), options, self.progress)  # type: ignore[attr-defined]  # of the adapter that is made of this one


class SimulatedAdapter(LogRocketAdapter, Transport):
    """The product's adapter on that transport."""


class SimulatedLogRocket(LogRocket):
    """The product's client with a session of the model."""

    def __init__(self, settings: LogRocketSettings) -> None:
        super().__init__(settings)
        self._transport = SimulatedAdapter("LogRocket", settings.api_url)
        self._session = ServiceSession(self._transport)

    def use(self, model: Service) -> None:
        """Speak to this project from now on."""
        self._transport.model = model
