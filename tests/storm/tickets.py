"""The tickets of the storm: who files them, what is done to them, and what may become of each kind."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from sandbox import Fault, Sandbox
from sandbox.logrocket import Outcome
from sandbox.zendesk.refusals import Refusal
from sandbox.zendesk.ticket_faults import ticket_fault

DOMAIN: Final = "shop.example"
LATE_SECONDS: Final = 4.0  # before the product's SETTLE_SECONDS are over


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of ticket, with how many of a hundred are of it."""

    name: str
    share: int
    note: bool = True  # whether it can have a note
    skipped: bool = False  # whether it may be skipped: closed or deleted at some time, or from nobody
    outcome: Outcome | None = None  # what becomes of every request for its requester
    failed: bool = False  # whether it may fail: Zendesk refuses it for good
    innocent: bool = False  # whether nothing is wrong with it: it has to wait for no other ticket's trouble


BY_EMAIL: Final = Kind(name="by e-mail", share=45, innocent=True)
BY_EXTERNAL_ID: Final = Kind(name="by external id", share=10, innocent=True)
BROKEN_JSON: Final = Kind(name="broken JSON, e-mail", share=6)
BROKEN_JSON_ID: Final = Kind(name="broken JSON, external id", share=4)
DUPLICATES: Final = Kind(name="delivered up to 20 times", share=10)
NOBODY: Final = Kind(name="requester without identity", share=5, note=False, skipped=True)
CLOSED: Final = Kind(name="closed before", share=4, note=False, skipped=True)
DELETED: Final = Kind(name="deleted before", share=3, note=False, skipped=True)
CLOSED_LATER: Final = Kind(name="closed meanwhile", share=3, skipped=True)
DELETED_LATER: Final = Kind(name="deleted meanwhile", share=3, skipped=True)
WITHOUT_SESSIONS: Final = Kind(name="requester without sessions", share=3, note=False, outcome="EMPTY")
ALWAYS_FAILED: Final = Kind(name="LogRocket always fails", share=3, note=False, outcome="FAILED")
NEVER_READY: Final = Kind(name="LogRocket never has a result", share=3, note=False, outcome="PENDING")
REFUSED: Final = Kind(name="refused for itself (403)", share=3, note=False, failed=True)
LIMITED: Final = Kind(name="its own limit (429)", share=3)
NOT_THERE_ONCE: Final = Kind(name="not there once (404)", share=3)
WRITTEN_LATE: Final = Kind(name="written after a 520", share=3)
KINDS: Final = (
    BY_EMAIL,
    BY_EXTERNAL_ID,
    BROKEN_JSON,
    BROKEN_JSON_ID,
    DUPLICATES,
    NOBODY,
    CLOSED,
    DELETED,
    CLOSED_LATER,
    DELETED_LATER,
    WITHOUT_SESSIONS,
    ALWAYS_FAILED,
    NEVER_READY,
    REFUSED,
    LIMITED,
    NOT_THERE_ONCE,
    WRITTEN_LATE,
)


@dataclass(order=True)
class _Later:
    """Something to be done to a ticket at a time."""

    at: float
    place: int
    act: Callable[[], None] = field(compare=False)


def _own_faults(kind: Kind, number: int) -> list[Fault]:
    """What is wrong with one ticket alone."""
    match kind.name:
        case REFUSED.name:
            return [ticket_fault(number, 403, method="PUT")]
        case LIMITED.name:
            limited = ticket_fault(number, 429, method="PUT", times=2)
            return [replace(limited, headers=limited.headers | {"Retry-After": "4"})]  # 90 s at Zendesk
        case NOT_THERE_ONCE.name:
            return [ticket_fault(number, 404, method="PUT", times=1)]
        case WRITTEN_LATE.name:
            path = ticket_fault(number, 404, method="PUT").path
            return [Fault(service="zendesk", method="PUT", path=path, status=520, late=LATE_SECONDS)]
        case _:
            return []


class Customers:
    """File tickets in bursts, close and delete some, and have Zendesk deliver some more than once."""

    def __init__(self, sandbox: Sandbox, random: Random, *, count: int, seconds: float) -> None:
        self._zendesk = sandbox.zendesk
        self._logrocket = sandbox.logrocket
        self._random = random
        self._count = count
        self._seconds = seconds
        self._later: list[_Later] = []
        self._deck: list[Kind] = []
        self.filed: dict[int, Kind] = {}
        self.filed_at: dict[int, float] = {}
        self._faults = sandbox.faults
        self.people: set[str] = set()  # the addresses and ids that no log may show

    def file_all(self, stop: threading.Event) -> None:
        """File every ticket, spread over the time; return when nothing is left to be done."""
        began = time.monotonic()
        while len(self.filed) < self._count and not stop.is_set():
            due = self._count * (time.monotonic() - began) / self._seconds
            if len(self.filed) <= due:
                for _ in range(min(self._random.randint(1, 12), self._count - len(self.filed))):
                    self._file(self._kind())
            self._act()
            stop.wait(0.02)
        while self._later and not stop.is_set():
            self._act()
            stop.wait(0.02)

    def counts(self) -> Counter[str]:
        """How many tickets there are of each kind."""
        return Counter(kind.name for kind in self.filed.values())

    def _kind(self) -> Kind:
        if not self._deck:
            self._deck = [kind for kind in KINDS for _ in range(max(1, kind.share // 3))]
            self._random.shuffle(self._deck)
        return self._deck.pop()

    def _file(self, kind: Kind) -> None:
        email, external_id = self._requester(kind)
        for person in (email, external_id):
            if person is not None:
                self.people.add(person)
                if kind.outcome is not None:
                    self._logrocket.outcomes[person] = kind.outcome
        number = self._zendesk.file_ticket(
            requester=email, external_id=external_id, name=f"Customer {len(self.filed)}", deliver=False
        )
        self.filed[number] = kind
        self.filed_at[number] = time.monotonic()
        for fault in _own_faults(kind, number):
            self._faults.add(fault, first=True)  # or the weather would have a ticket written that refuses it
        if kind is CLOSED:
            self._zendesk.set_status(number, "closed")
        self._zendesk.deliver(number)
        if kind is DELETED:
            self._zendesk.delete_ticket(number)
        if kind is CLOSED_LATER:
            self._do_later(5, lambda: self._zendesk.set_status(number, "closed"))
        if kind is DELETED_LATER:
            self._do_later(5, lambda: self._zendesk.delete_ticket(number))
        if kind is DUPLICATES:
            self._deliver_again(number)

    def _deliver_again(self, number: int) -> None:
        """Deliver it 19 more times at once, or some more times in the next seconds."""
        if self._random.random() < 0.3:
            for _ in range(19):
                self._zendesk.deliver(number)
        else:
            for _ in range(self._random.randint(1, 19)):
                self._do_later(self._random.choice((0, 4)), lambda: self._zendesk.deliver(number))

    def _requester(self, kind: Kind) -> tuple[str | None, str | None]:
        number = len(self.filed)
        match kind.name:
            case NOBODY.name:
                return None, None
            case BY_EXTERNAL_ID.name:
                return None, f"shopper-{number}-{self._random.randrange(10**9)}"
            case BROKEN_JSON_ID.name:
                return None, f'shopper "{number}" {self._random.randrange(10**9)}'
            case BROKEN_JSON.name:
                return f'o"brien.{number}@{DOMAIN}', None
            case _:
                return f"person.{number}@{DOMAIN}", None

    def count_429s(self) -> int:
        """How often a ticket met its own limit."""
        return sum(
            self._faults.happened(fault) or 0
            for number, kind in self.filed.items()
            if kind is LIMITED
            for fault in _own_faults(kind, number)
        )

    def _do_later(self, within: float, act: Callable[[], None]) -> None:
        at = time.monotonic() + self._random.uniform(0, within)
        heapq.heappush(self._later, _Later(at=at, place=len(self._later), act=act))

    def _act(self) -> None:
        while self._later and self._later[0].at <= time.monotonic():
            with suppress(Refusal):  # deleted meanwhile
                heapq.heappop(self._later).act()
