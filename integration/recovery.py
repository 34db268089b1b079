"""Recovery: takes in the tickets whose deliveries never reached us, from Zendesk's own log of them.

    <prefix>:recover:seen:<id>      what came of a delivery in that log, for eight days: each is read once
    <prefix>:recover:done           since when the worker has read all of it (Unix seconds of Redis' clock)
    <prefix>:recover:lock           which worker reads it now, or did in the last ten minutes

What was taken in once is never taken in again, even after its entry has expired or was erased.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import dataclass
from typing import Final, cast

from redis import Redis

from integration import logs
from integration.errors import MalformedDelivery, RemoteError
from integration.ledger import Ledger
from integration.settings import Settings
from integration.zendesk.invocations import KEPT_HOURS, InvocationLog, NoPayload, Undelivered, Wait
from integration.zendesk.session import ZendeskSession
from integration.zendesk.webhook import ENDPOINT

SEEN_SECONDS: Final = (KEPT_HOURS + 24) * 60 * 60  # longer than Zendesk's log remembers
NO_PAYLOAD_SECONDS: Final = 60 * 60  # a payload that is not there may come yet

log = logs.get(__name__)


class Outcome(enum.StrEnum):
    """What came of a delivery that Zendesk could not make."""

    TAKEN_IN = "taken in"
    KNOWN = "known"
    UNREADABLE = "unreadable"
    OTHER = "another kind of event"


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a reading of Zendesk's log brought; `stopped` when it could not be read to its end."""

    webhooks: int = 0
    taken_in: int = 0
    known: int = 0
    unreadable: int = 0
    stopped: RemoteError | None = None

    @property
    def found(self) -> int:
        """How many tickets the failed deliveries would have told of."""
        return self.taken_in + self.known + self.unreadable


class Recovery:
    """Reads the log of our webhooks in one Zendesk account; `wait` is called between its requests."""

    def __init__(self, settings: Settings, ledger: Ledger, redis: Redis, *, wait: Wait) -> None:
        self._ledger = ledger
        self._redis = redis
        self._keys = settings.keys
        self._longest = min(KEPT_HOURS, settings.retention_days * 24)  # older tickets may be done and forgotten
        endpoint = f"{settings.public_url}{ENDPOINT}"
        self._log = InvocationLog(ZendeskSession(settings), endpoint=endpoint, wait=wait)

    def recover(self, hours: float) -> Recovered:
        """Take in what could not be delivered in the last `hours`. Raises nothing but `RedisError`."""
        since = self._ledger.now() - min(hours, self._longest) * 3600
        tally: Counter[Outcome] = Counter()
        webhooks: list[str] = []
        stopped = None
        try:
            webhooks = self._log.webhooks()
            for webhook_id in webhooks:
                for page in self._log.undelivered(webhook_id, since=since):
                    self._take_in_all(page, tally)
        except RemoteError as error:
            stopped = error
        return Recovered(
            webhooks=len(webhooks),
            taken_in=tally[Outcome.TAKEN_IN],
            known=tally[Outcome.KNOWN],
            unreadable=tally[Outcome.UNREADABLE],
            stopped=stopped,
        )

    def _take_in_all(self, page: list[Undelivered], tally: Counter[Outcome]) -> None:
        if not page:
            return
        seen = cast(
            "list[bytes | None]", self._redis.mget([self._keys.recovery_seen(each.invocation_id) for each in page])
        )
        for each, remembered in zip(page, seen, strict=True):
            outcome = self._take_in(each) if remembered is None else Outcome(remembered.decode())
            if outcome is not None:
                tally[outcome] += 1

    def _take_in(self, each: Undelivered) -> Outcome | None:
        """What comes of a delivery that is seen for the first time; None when it is too early to tell."""
        try:
            ticket = self._log.ticket(each)
        except NoPayload:
            if each.under_way:
                return None
            log.warning("failed delivery has no payload in Zendesk's log", invocation_id=each.invocation_id)
            self._remember(each, Outcome.UNREADABLE, seconds=NO_PAYLOAD_SECONDS)
            return Outcome.UNREADABLE
        except MalformedDelivery:
            log.warning("failed delivery cannot be read", invocation_id=each.invocation_id)
            self._remember(each, Outcome.UNREADABLE)
            return Outcome.UNREADABLE
        if ticket is None:
            self._remember(each, Outcome.OTHER)
            return Outcome.OTHER
        new = self._ledger.receive(ticket, recovered=True)
        self._remember(each, Outcome.KNOWN)
        if new:
            log.info("ticket recovered", ticket_id=ticket.ticket_id)
        return Outcome.TAKEN_IN if new else Outcome.KNOWN

    def _remember(self, each: Undelivered, outcome: Outcome, *, seconds: int = SEEN_SECONDS) -> None:
        self._redis.set(self._keys.recovery_seen(each.invocation_id), outcome.value, ex=seconds)
