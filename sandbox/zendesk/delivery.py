"""How Zendesk calls a webhook: signed, with its rules for trying again, its limit and its circuit breaker.

Tried again: 409 (up to 3 times), 429 and 503 with a `Retry-After` under 60 (up to 3 times), no answer
within 12 s (up to 5 times). Everything else ends at once, a refused connection too: the strict reading.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlencode

from sandbox.outbound import Background, NotLoopback, Reply
from sandbox.zendesk import calling
from sandbox.zendesk.hooks import Hooks, Payload, Webhook
from sandbox.zendesk.records import now, ulid

Outcome = Literal["success", "terminated", "throttled", "circuit broken"]

AGAIN: Final = 3
AGAIN_AFTER_TIMEOUT: Final = 5
LONGEST_RETRY_AFTER: Final = 60


@dataclass(frozen=True)
class Attempt:
    """One call of a webhook; `status` None when nothing came back. `at` is monotonic."""

    status: int | None
    at: float
    reply: str = field(default="", repr=False)
    sent: dict[str, str] = field(default_factory=dict, repr=False)
    id: str = field(default_factory=ulid, repr=False)
    completed_at: datetime = field(default_factory=now, repr=False)


@dataclass(frozen=True)
class Delivery:
    """What became of telling one webhook of one ticket; `outcome` None while it goes on."""

    ticket_id: int
    attempts: tuple[Attempt, ...] = ()
    outcome: Outcome | None = None
    webhook_id: str = ""
    payload: str = field(default="", repr=False)
    invocation_id: str = field(default_factory=ulid)
    created_at: datetime = field(default_factory=now)


class Deliverer:
    """Calls webhooks in the background and keeps what became of it. All numbers can be set at any time."""

    def __init__(self, background: Background, hooks: Hooks) -> None:
        """Start with Zendesk's numbers."""
        self.retry_pace = 1.0
        self.timeout = 12.0
        self.invocations_a_minute: int | None = None
        self.breaker_errors = 1000
        self.breaker_share = 0.7
        self.breaker_least = 100
        self.breaker_window = 300.0
        self.breaker_pause = 5.0
        self._background = background
        self._hooks = hooks
        self._lock = threading.Lock()
        self._deliveries: dict[str, Delivery] = {}
        self._ended: list[str] = []
        self._started: deque[float] = deque()
        self._answers: dict[str, deque[tuple[float, bool]]] = {}
        self._broken_until: dict[str, float] = {}

    @property
    def ended(self) -> list[Delivery]:
        """The deliveries that came to an end, in the order in which they did."""
        with self._lock:
            return [self._deliveries[key] for key in self._ended]

    @property
    def all(self) -> list[Delivery]:
        """All deliveries, those that go on too, in the order in which they began."""
        with self._lock:
            return list(self._deliveries.values())

    def deliver(self, webhook: Webhook, ticket_id: int, payload: Payload) -> None:
        """Call a webhook in the background until it answers or the rules say stop."""
        text = payload if isinstance(payload, str) else urlencode(payload)
        delivery = Delivery(ticket_id, webhook_id=webhook.id, payload=text)
        with self._lock:
            self._deliveries[delivery.invocation_id] = delivery
            refused = self._refused(webhook)
        if refused is not None:
            self._end(delivery, refused)
        else:
            self._background.run(lambda: self._attempt_until_done(webhook, delivery, payload))

    def _attempt_until_done(self, webhook: Webhook, delivery: Delivery, payload: Payload) -> None:
        tries: dict[str, int] = {}
        while True:
            attempt, reply = self._attempt(webhook, delivery, payload)
            delivery = replace(delivery, attempts=(*delivery.attempts, attempt))
            with self._lock:
                self._deliveries[delivery.invocation_id] = delivery
            if reply.status is not None and reply.status < 300:  # any success will do
                return self._end(delivery, "success")
            kind, most, wait = _again(reply, tries)
            tries[kind] = tries.get(kind, 0) + 1
            if tries[kind] > most:
                return self._end(delivery, "terminated")
            if not self._background.wait(wait * self.retry_pace):
                return None

    def _attempt(self, webhook: Webhook, delivery: Delivery, payload: Payload) -> tuple[Attempt, Reply]:
        at = time.monotonic()
        current = self._hooks.webhooks.get(webhook.id, webhook)  # its secret may have been reset meanwhile
        try:
            reply, sent = calling.call(
                current,
                payload,
                invocation_id=delivery.invocation_id,
                secret=current.secret,
                timeout=self.timeout,
            )
        except NotLoopback as exc:
            reply, sent = Reply(None, {}, str(exc)), {}
        fine = reply.status is not None and reply.status < 400  # not an error answer
        with self._lock:
            self._answers.setdefault(webhook.id, deque()).append((at, fine))
        return Attempt(reply.status, at, reply.body[:10_000], sent), reply

    def _end(self, delivery: Delivery, outcome: Outcome) -> None:
        with self._lock:
            self._deliveries[delivery.invocation_id] = replace(delivery, outcome=outcome)
            self._ended.append(delivery.invocation_id)

    def _refused(self, webhook: Webhook) -> Outcome | None:
        """Tell why a webhook is not called at all: too many calls a minute, or too many errors."""
        moment = time.monotonic()
        if self.invocations_a_minute is not None:
            while self._started and self._started[0] <= moment - 60:
                self._started.popleft()
            if len(self._started) >= self.invocations_a_minute:
                return "throttled"
            self._started.append(moment)
        if self._broken_until.get(webhook.id, 0.0) > moment:
            return "circuit broken"
        answers = self._answers.get(webhook.id, deque())
        while answers and answers[0][0] <= moment - self.breaker_window:
            answers.popleft()
        errors = sum(not fine for _, fine in answers)
        often = len(answers) >= self.breaker_least and errors >= self.breaker_share * len(answers)
        if errors > self.breaker_errors or often:
            self._broken_until[webhook.id] = moment + self.breaker_pause * self.retry_pace
            answers.clear()
            return "circuit broken"
        return None


def _again(reply: Reply, tries: dict[str, int]) -> tuple[str, int, float]:
    """Return which rule an answer falls under: its name, how often to try again, seconds to wait."""
    if reply.timed_out:
        return "timeout", AGAIN_AFTER_TIMEOUT, 2.0 ** tries.get("timeout", 0)
    if reply.status == 409:
        return "conflict", AGAIN, 2.0 ** tries.get("conflict", 0)
    after = reply.headers.get("retry-after", "")
    if reply.status in (429, 503) and after.isdecimal() and int(after) < LONGEST_RETRY_AFTER:
        return "retry after", AGAIN, float(after)
    return "final", 0, 0.0
