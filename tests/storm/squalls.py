"""A squall is what goes wrong together for a while; one follows another for as long as the storm lasts."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from sandbox import Fault, Sandbox
from sandbox.faults import Faults

Act = Callable[[Sandbox], None]


def _nothing(_: Sandbox) -> None:
    """Do nothing."""


@dataclass(frozen=True, kw_only=True)
class Squall:
    """What goes wrong together for a while: faults, and what is no fault of a single request.

    `away` is the service that nobody reaches meanwhile, if it is one.
    """

    kind: str
    seconds: float
    faults: tuple[Fault, ...] = ()
    begin: Act = _nothing
    end: Act = _nothing
    away: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outage:
    """A time in which nobody reached a service (monotonic)."""

    service: str
    began: float
    ended: float


class Squalls:
    """Puts faults up and takes them down, and counts what happened."""

    def __init__(
        self,
        sandbox: Sandbox,
        random: Random,
        squalls: Iterator[Squall],
        *,
        faults: Faults,
        calm: float,
        certain: Squall | None = None,
    ) -> None:
        self._sandbox = sandbox
        self._random = random
        self._squalls = squalls
        self._faults = faults
        self._certain = certain  # what happens whenever its requests come, however late
        self._calm = calm  # seconds between two squalls, on average
        self.happened: Counter[str] = Counter()
        self.too_many = 0  # 429s that faults made
        self.outages: list[Outage] = []

    def rage(self, stop: threading.Event) -> None:
        """Bad weather until `stop`, then none but what is certain."""
        if self._certain is not None:
            self._put_up(self._certain)
        while not stop.is_set():
            squall = next(self._squalls)
            self._before()
            began = time.monotonic()
            self._put_up(squall)
            stop.wait(squall.seconds)
            self._take_down(squall)
            if squall.away is not None:
                self.outages.append(Outage(service=squall.away, began=began, ended=time.monotonic()))
            stop.wait(self._random.uniform(0, 2 * self._calm))
            self._after()
        self._at_last()

    def end(self) -> None:
        """Take down what was certain, and count it."""
        if self._certain is not None:
            self._take_down(self._certain)

    def _before(self) -> None:
        """What changes before each squall."""

    def _after(self) -> None:
        """What happens in the calm behind each squall."""

    def _at_last(self) -> None:
        """What is set right when the bad weather ends."""

    def _put_up(self, squall: Squall) -> None:
        squall.begin(self._sandbox)
        for fault in squall.faults:
            self._faults.add(fault)

    def _take_down(self, squall: Squall) -> None:
        """End the squall; what its faults did is counted in the same moment, so that none is missed."""
        squall.end(self._sandbox)
        faults = self._faults
        with faults._lock:
            ended = [standing for standing in faults._set if standing.fault in squall.faults]
            faults._set = [standing for standing in faults._set if standing.fault not in squall.faults]
        for standing in ended:
            self.happened[squall.kind] += standing.happened
            if standing.fault.status == 429:
                self.too_many += standing.happened
