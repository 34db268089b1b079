"""What comes in by the other doors: conversations, answers to surveys, asked highlights; and who sends them, and how.

A sender does what the real one does. Intercom tries twice; a survey's tool and a client go on until they are answered.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import requests

from integration.facts import CaseKey, case_key
from integration.zendesk import ratings, webhook
from sandbox.intercom import Intercom
from sandbox.intercom.shapes import as_before_2, shown
from sandbox.zendesk import placeholders
from tests.storm.stage import Stage
from tests.storm.tickets import DOMAIN, Kind

SHARE: Final = 0.1  # of the number of tickets, for each door
SENDERS: Final = 48  # at once: most of them wait for the web process to come back
TIMEOUT: Final = 10.0
PAUSE: Final = 0.5  # before another try
RETRIES: Final = 2  # Intercom's
LATER: Final = 0.5  # that a comment comes after its score, at most: sooner than the message

TOLD: Final = Kind(name="conversation", share=4, innocent=True)
TOLD_OF_USER: Final = Kind(name="conversation of a user without an address", share=2, innocent=True)
TOLD_AGAIN: Final = Kind(name="conversation, told of up to 10 times", share=2)
UNTOLD: Final = Kind(name="conversation that Intercom tells nobody of", share=1)
NAMELESS: Final = Kind(name="conversation of a lead without an address", share=1, note=False, skipped=True)
NAMED_LATER: Final = Kind(name="conversation of a lead who leaves an address later", share=1, skipped=True)
CONVERSATIONS: Final = (TOLD, TOLD_OF_USER, TOLD_AGAIN, UNTOLD, NAMELESS, NAMED_LATER)

LOW: Final = Kind(name="low score", share=4, innocent=True)
LOW_OF_USER: Final = Kind(name="low score by user id", share=2, innocent=True)
LOW_AGAIN: Final = Kind(name="low score, delivered up to 10 times", share=2)
COMMENTED_LATER: Final = Kind(name="low score, comment later", share=2)
RATED: Final = Kind(name="bad rating of a ticket, comment later", share=2)
NOT_LOW: Final = Kind(name="score that is not low", share=1, note=False)
SCORES: Final = (LOW, LOW_OF_USER, LOW_AGAIN, COMMENTED_LATER, RATED, NOT_LOW)
FIRST_RATED: Final = 900_000_000  # the number of a ticket: only its rating is told of

CALLED_BACK: Final = Kind(name="asked, with a callback", share=4, innocent=True)
POLLED: Final = Kind(name="asked, polled", share=4, innocent=True)
ASKED_AGAIN: Final = Kind(name="asked up to 10 times, with a callback", share=3)
ASKED: Final = (CALLED_BACK, POLLED, ASKED_AGAIN)
CALLBACKS: Final = (CALLED_BACK, ASKED_AGAIN)


@dataclass(kw_only=True)
class Sent:
    """One case as its sender knows it."""

    kind: Kind
    key: CaseKey | None = None  # of asked highlights: once they were answered
    taken_at: float | None = None  # when the product said for the first time that it has it
    send: Callable[[], None] = field(repr=False)


class Doors:
    """Sends the cases of the other doors, each at its time, and again when that is asked for."""

    def __init__(self, stage: Stage, random: Random, *, tickets: int, seconds: float) -> None:
        self._stage, self._random = stage, random
        self._polls = Random(random.random())  # how many there are depends on time: they disturb nothing else
        self._pool = ThreadPoolExecutor(SENDERS)
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._futures: list[Future[None]] = []
        self.people: set[str] = set()  # the addresses and ids that no log may show
        self.sent: list[Sent] = []
        self.polled: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._plan: list[tuple[float, Kind]] = []
        for kinds in (CONVERSATIONS, SCORES, ASKED):
            deck: list[Kind] = []
            for _ in range(round(SHARE * tickets)):
                if not deck:
                    deck = [kind for kind in kinds for _ in range(kind.share)]
                    random.shuffle(deck)
                self._plan.append((random.uniform(0, seconds), deck.pop()))
        self._plan.sort(key=lambda planned: planned[0], reverse=True)

    def send_all(self, stop: threading.Event) -> None:
        """Send every case, spread over the time; in between, clients look what came of their requests."""
        began = time.monotonic()
        while self._plan and not stop.is_set():
            if time.monotonic() - began >= self._plan[-1][0]:
                self._begin(self._plan.pop()[1])
            elif self._polls.random() < 0.05:
                self._poll()
            stop.wait(0.02)

    def send_again(self) -> None:
        """Every sender that knows no end of its case sends it again: what Redis has lost nobody else has."""
        for sent in self.sent:
            if sent.kind in (*SCORES, *ASKED):
                self._do(sent.send)

    def under_way(self) -> int:
        """How many deliveries are not at their end."""
        with self._lock:
            return sum(not future.done() for future in self._futures)

    def close(self) -> None:
        """Send nothing any more."""
        self._ended.set()
        self._pool.shutdown(cancel_futures=True)

    def raise_errors(self) -> None:
        """Raise what went wrong in a sender."""
        for future in self._futures:
            if future.done() and not future.cancelled():
                future.result()

    def cases(self) -> dict[CaseKey, Sent]:
        """The cases by their keys."""
        return {sent.key: sent for sent in self.sent if sent.key is not None}

    def look(self, key: CaseKey) -> dict[str, Any]:
        """What a client is told of its request; nothing when nobody tells."""
        reference = key.partition("-")[2]
        try:
            answer = self._ask("GET", f"/v1/highlights/{reference}")
        except requests.RequestException:
            return {}
        told: dict[str, Any] = answer.json() if answer.ok else {}
        return told

    def _poll(self) -> None:
        asked = [sent.key for sent in self.sent if sent.kind in ASKED and sent.key is not None]
        if asked:
            chosen = self._polls.choice(asked)
            self._do(lambda: self._count(str(self.look(chosen).get("status", "not answered"))))

    def _count(self, status: str) -> None:
        with self._lock:
            self.polled[status] += 1

    def _begin(self, kind: Kind) -> None:
        number = len(self.sent)
        if kind in CONVERSATIONS:
            self._converse(kind, number)
        elif kind is RATED:
            self._rate(number)
        elif kind in SCORES:
            self._give_score(kind, number)
        else:
            self._ask_for(kind, number)

    def _person(self, name: str) -> str:
        self.people.add(name)
        return name

    def _do(self, act: Callable[[], None], *, times: int = 1) -> None:
        with self._lock:
            self._futures += [self._pool.submit(act) for _ in range(times)]

    # -- Conversations

    def _converse(self, kind: Kind, number: int) -> None:
        intercom, role = self._stage.intercom, "user"
        email = self._person(f"visitor.{number}@{DOMAIN}")
        external_id = self._person(f"visitor-{number}-{self._random.randrange(10**9)}")
        if kind in (NAMELESS, NAMED_LATER):
            role = "lead"
        has_address = kind not in (TOLD_OF_USER, NAMELESS, NAMED_LATER)
        contact = intercom.add_contact(email=email if has_address else None, external_id=external_id, role=role)
        conversation = intercom.start_conversation(contact, told=False)
        body = self._notification("conversation.user.created", conversation)
        sent = Sent(kind=kind, key=case_key("intercom", conversation), send=lambda: self._tell(intercom, body, sent))
        self.sent.append(sent)
        if kind is not UNTOLD:
            self._do(sent.send, times=self._random.randint(2, 10) if kind is TOLD_AGAIN else 1)
        if kind is NAMED_LATER:
            later = self._notification("conversation.user.replied", conversation)
            pause = self._random.uniform(0.5, 3)
            self._do(lambda: self._leave_address(contact, email, later, pause))

    def _leave_address(self, contact: str, email: str, notification: bytes, pause: float) -> None:
        intercom = self._stage.intercom
        if not self._ended.wait(pause):
            with intercom.lock:
                intercom.contacts[contact]["email"] = email
            self._tell(intercom, notification, None)

    def _notification(self, topic: str, conversation: str) -> bytes:
        """What Intercom tells: as apps of any version of its API are told."""
        intercom, form = self._stage.intercom, self._random.choice(("text", "HTML", "before 2"))
        item = shown(intercom.conversations[conversation], plain=form == "text")
        told = as_before_2(item) if form == "before 2" else item
        return json.dumps(intercom.webhook.notification(topic, told)).encode()

    def _tell(self, intercom: Intercom, body: bytes, sent: Sent | None) -> None:
        for _ in range(RETRIES):
            attempt = intercom.webhook._attempt("conversation", body)
            if attempt.status in (410, 429):
                self.wrong.append(f"Intercom was answered {attempt.status}, and tells us nothing any more")
            if attempt.status is not None and attempt.status < 300:
                self._taken(sent)
                return
            if self._ended.wait(2 * PAUSE):
                return

    # -- Answers to surveys

    def _give_score(self, kind: Kind, number: int) -> None:
        body: dict[str, Any] = {"id": f"answer-{number}", "score": 9 if kind is NOT_LOW else self._random.randint(0, 6)}
        if kind is LOW_OF_USER:
            body["user_id"] = self._person(f"rater-{number}-{self._random.randrange(10**9)}")
        else:
            body["email"] = self._person(f"rater.{number}@{DOMAIN}")
        if kind is not COMMENTED_LATER:
            body["comment"] = "I could not pay"
        pause = self._random.uniform(0, LATER)

        def send() -> None:
            self._deliver(body, sent)
            if kind is COMMENTED_LATER and not self._ended.wait(pause):
                self._deliver({"id": body["id"], "comment": "I could not pay"}, None)

        sent = Sent(kind=kind, key=case_key("survey", body["id"]), send=send)
        self.sent.append(sent)
        self._do(send, times=self._random.randint(2, 10) if kind is LOW_AGAIN else 1)

    def _deliver(self, body: dict[str, Any], sent: Sent | None) -> None:
        headers = {"Authorization": f"Bearer {self._stage.environ['SURVEY_TOKEN']}"}
        url = f"{self._stage.product.url}/surveys/plain"
        if self._until_answered(lambda: requests.post(url, json=body, headers=headers, timeout=TIMEOUT)) is not None:
            self._taken(sent)

    def _rate(self, number: int) -> None:
        """What Zendesk's trigger tells, twice: a comment with a quote in it breaks its JSON."""
        ticket, pause = FIRST_RATED + number, self._random.uniform(0, LATER)
        known = {"ticket.id": str(ticket), "ticket.requester.email": self._person(f"rater.{number}@{DOMAIN}")}

        def send() -> None:
            self._deliver_rating(known, sent)
            if not self._ended.wait(pause):
                self._deliver_rating(known | {"satisfaction.current_comment": 'It said "declined"'}, None)

        sent = Sent(kind=RATED, key=case_key("survey", f"zendesk-{ticket}"), send=send)
        self.sent.append(sent)
        self._do(send)

    def _deliver_rating(self, known: dict[str, str], sent: Sent | None) -> None:
        body = placeholders.render(ratings.PAYLOAD, known).encode()
        url, secret = f"{self._stage.product.url}/zendesk/tickets", self._stage.environ["ZENDESK_WEBHOOK_SECRET"]

        def post() -> requests.Response:
            headers = {"Content-Type": "application/json"} | webhook.signed(body, secret=secret, now=time.time())
            return requests.post(url, data=body, headers=headers, timeout=TIMEOUT)

        if self._until_answered(post) is not None:
            self._taken(sent)

    # -- Asked highlights

    def _ask_for(self, kind: Kind, number: int) -> None:
        body: dict[str, Any] = {"email": self._person(f"lead.{number}@{DOMAIN}"), "reference": f"call {number}"}
        if kind in CALLBACKS:
            body["callback_url"] = self._stage.receiver.url
        key = {"Idempotency-Key": f"call-{number}-{self._random.randrange(10**9)}"}

        def send() -> None:
            answer = self._until_answered(lambda: self._ask("POST", "/v1/highlights", json=body, headers=key))
            if answer is None:
                return
            case = case_key("ask", answer.json()["id"])
            if sent.key not in (None, case):
                self.wrong.append(f"one idempotency key led to two requests: {sent.key} and {case}")
            sent.key = case
            self._taken(sent)

        sent = Sent(kind=kind, send=send)
        self.sent.append(sent)
        self._do(send, times=self._random.randint(2, 10) if kind is ASKED_AGAIN else 1)

    def _ask(
        self, method: str, path: str, *, json: object = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        own = {"Authorization": f"Bearer {self._stage.ask_token}", **(headers or {})}
        return requests.request(method, f"{self._stage.product.url}{path}", json=json, headers=own, timeout=TIMEOUT)

    # -- All of them

    def _until_answered(self, send: Callable[[], requests.Response]) -> requests.Response | None:
        """The answer of a product that has taken it in; None when everything ends before, or it is refused."""
        while not self._ended.is_set():
            try:
                answer = send()
            except requests.RequestException:
                answer = None
            if answer is not None and answer.status_code < 300:
                return answer
            if answer is not None and answer.status_code < 500:
                self.wrong.append(f"a sender was refused: {answer.status_code} {answer.text[:200]}")
                return None
            self._ended.wait(PAUSE)
        return None

    def _taken(self, sent: Sent | None) -> None:
        if sent is not None and sent.taken_at is None:
            sent.taken_at = time.monotonic()
