"""Who calls the web process besides Zendesk and LogRocket's usual callbacks: everybody again, and strangers."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Final

import requests
from redis.exceptions import RedisError

from integration.cases import stored
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.facts import CaseKey
from tests.storm.evidence import case_of
from tests.storm.stage import Stage
from tests.tickets import key

AT_ONCE: Final = 20
SECONDS: Final = 60.0  # longer than anything should take


class Callers:
    """Repeat callbacks 20 at once for tickets in every state, and try to come in without a signature or token."""

    def __init__(self, stage: Stage, random: Random, *, pause: float) -> None:
        self._stage = stage
        self._random = random
        self._pause = pause
        self.repeated: Counter[str] = Counter()  # callbacks, by the state of their ticket before
        self.refused: Counter[str] = Counter()  # strangers, by what they tried
        self.let_in: list[str] = []

    def rage(self, stop: threading.Event) -> None:
        """Call until `stop`."""
        with ThreadPoolExecutor(AT_ONCE) as threads:
            while not stop.wait(self._random.uniform(0, 2 * self._pause)):
                self.call_back_at_once(threads)
                self._come_as_stranger()

    def call_back_at_once(self, threads: ThreadPoolExecutor, tickets: frozenset[int] | None = None) -> None:
        """Call back 20 times at once for a request made before, of one of `tickets` when they are given."""
        known = self._stage.sandbox.logrocket.results
        wanted = None if tickets is None else {key(number) for number in tickets}
        ids = [name for name, record in known.items() if wanted is None or case_of(record["webhookURL"]) in wanted]
        if not ids:
            return
        chosen = self._random.choice(ids[-30:] if self._random.random() < 0.3 else ids)
        state = self._state(case_of(known[chosen]["webhookURL"]))
        for call in [threads.submit(self._stage.sandbox.logrocket.call_back, chosen) for _ in range(AT_ONCE)]:
            call.result()
        self.repeated[state] += AT_ONCE

    def _state(self, case: CaseKey) -> str:
        try:
            document = self._stage.redis.get(Keys(DEFAULT_PREFIX).case(case))
        except RedisError:
            return "unknown, Redis is away"
        return "erased" if document is None else str(stored.load(str(document), case).state)

    def _come_as_stranger(self) -> None:
        number = self._random.randint(1, 10**6)
        tries = {
            "delivery without a signature": ("/zendesk/tickets", {"ticket_id": str(number)}),
            "conversation without a signature": ("/intercom/conversations", {"topic": "conversation.user.created"}),
            "score without a token": ("/surveys/plain", {"id": str(number), "score": "1"}),
            "request for highlights without a token": ("/v1/highlights", {"email": "x@shop.example"}),
            "callback with a forged token": (
                f"/logrocket/highlights?ticket_id={number}&token=WzEsMV0.{'A' * 27}",
                {"status": "READY", "requestID": "f" * 64},
            ),
        }
        for what, (path, body) in tries.items():
            try:
                status = requests.post(f"{self._stage.product.url}{path}", json=body, timeout=SECONDS).status_code
            except requests.RequestException:
                continue  # the web process is away
            if status == 401:
                self.refused[what] += 1
            else:
                self.let_in.append(f"a {what} was answered {status}")
