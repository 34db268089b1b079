"""Zendesk's limits: requests a minute, updates of one ticket, updates of the whole account."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from sandbox.zendesk import refusals

UPDATES_HEADER: Final = "zendesk-ratelimit-tickets-update"


@dataclass(frozen=True)
class Allowance:
    """How much of a limit is left, and in how many seconds some of it comes back."""

    total: int
    remaining: int
    resets: int

    @property
    def text(self) -> str:
        """Return it in the form of Zendesk's newer headers."""
        return f"total={self.total}; remaining={self.remaining}; resets={self.resets}"


class Limits:
    """Counts what the account's users do, over moving windows of time. The numbers can be set at any time."""

    def __init__(self) -> None:
        self.requests = 700
        self.webhook_requests = 100
        self.webhook_tests = 20
        self.ticket_updates = 30
        self.ticket_window = 600.0
        self.account_updates = 100
        self.incremental_exports = 10
        self.search_exports = 100
        self.account_window = 60.0
        self._lock = threading.Lock()
        self._spent: dict[str, deque[float]] = {}

    def spend_request(self, path: str) -> dict[str, str]:
        """Count a request; return the headers that tell what is left."""
        kind, limit = "requests", self.requests
        if path.startswith("/api/v2/webhooks/test"):
            kind, limit = "webhook tests", self.webhook_tests
        elif path.startswith("/api/v2/webhooks"):
            kind, limit = "webhooks", self.webhook_requests
        wanted = [(kind, limit, 60.0, "Number of allowed API requests per minute exceeded")]
        for export, most in (
            ("/api/v2/incremental/", self.incremental_exports),
            ("/api/v2/search/export", self.search_exports),
        ):
            if path.startswith(export):
                wanted.append((export, most, 60.0, f"Number of allowed exports per minute exceeded ({most})"))
        left = self._spend(wanted)[0]
        told = {"X-Rate-Limit": str(limit), "X-Rate-Limit-Remaining": str(left.remaining)}
        if kind != "requests":
            return told
        return told | {
            "ratelimit-limit": str(limit),
            "ratelimit-remaining": str(left.remaining),
            "ratelimit-reset": str(left.resets),
        }

    def spend_update(self, ticket_id: int, user_id: int) -> dict[str, str]:
        """Count the update of a ticket; return the headers that tell what is left."""
        ticket = "Number of allowed updates of a ticket by a user exceeded (30 in 10 minutes)"
        account = "Number of allowed ticket updates per minute exceeded"
        _, left = self._spend(
            [
                (f"ticket {ticket_id} by {user_id}", self.ticket_updates, self.ticket_window, ticket),
                ("updates", self.account_updates, self.account_window, account),
            ]
        )
        return {UPDATES_HEADER: left.text}

    def forget(self) -> None:
        """Give everything back."""
        with self._lock:
            self._spent.clear()

    def _spend(self, wanted: list[tuple[str, int, float, str]]) -> list[Allowance]:
        """Count one under every key, or refuse and count nothing."""
        with self._lock:
            moment = time.monotonic()
            for key, limit, window, description in wanted:
                left = self._left(key, limit, window, moment)
                if left.remaining <= 0:
                    raise refusals.too_many(description, retry_after=left.resets, headers=self._told(wanted, moment))
            for key, *_ in wanted:
                self._spent[key].append(moment)
            return [self._left(key, limit, window, moment) for key, limit, window, _ in wanted]

    def _told(self, wanted: list[tuple[str, int, float, str]], moment: float) -> dict[str, str]:
        """Return the headers of a refusal: what is left to the account, also when a ticket's own limit is reached."""
        for key, limit, window, _ in wanted:
            if key == "updates":
                return {UPDATES_HEADER: self._left(key, limit, window, moment).text}
        key, limit, window, _ = wanted[0]
        left = self._left(key, limit, window, moment)
        return {"X-Rate-Limit": str(limit), "X-Rate-Limit-Remaining": str(max(left.remaining, 0))}

    def _left(self, key: str, limit: int, window: float, moment: float) -> Allowance:
        spent = self._spent.setdefault(key, deque())
        while spent and spent[0] <= moment - window:
            spent.popleft()
        resets = spent[0] + window - moment if spent else window
        return Allowance(limit, limit - len(spent), math.ceil(resets))
