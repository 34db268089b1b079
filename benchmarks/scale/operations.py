"""Everything that is done with a ledger, measured: the way of a case, the sweeper's looks, pages and commands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import count, islice
from typing import Final, TypeVar

from benchmarks.scale import samples
from benchmarks.scale.filling import OF_A_HUNDRED
from benchmarks.scale.installation import ADA, Installation, key, ticket
from benchmarks.scale.meter import Cost, Meter, median
from integration.cases.entry import GIVE_UP_SECONDS
from integration.facts import CaseKey, Result, Status
from worker import sweeper

ROUNDS: Final = 5
LOOKS: Final = 15  # at what is done once: the median of more of them, for each is short
CASES: Final = 200  # in a round
DUE: Final = sweeper.BATCH  # cases that one look of the sweeper takes
LOOKED_AT: Final = 5_000  # entries of all that a search for an address reads
A_WEEK, A_DAY, AN_HOUR = 7, 1, 1 / 24  # in days

T = TypeVar("T")


class Operations:
    """Measures one installation; what it adds to the ledger comes to its end, or is erased."""

    def __init__(self, installation: Installation, meter: Meter, *, first: int) -> None:
        self._at, self._meter = installation, meter
        self._numbers = count(first)
        self._redis, self._ledger, self._keys = installation.redis, installation.ledger, installation.settings.keys

    def costs(self, *, entries: int) -> dict[str, Cost]:
        """The cost of each, in a ledger that holds so many entries."""
        self._at.let_notes_go()
        return {**self._way(), **self._sweeps(), **self._pages(), **self._erasing(), **self._trimming(entries)}

    # -- The way of a case

    def _way(self) -> dict[str, Cost]:
        costs: defaultdict[str, list[Cost]] = defaultdict(list)
        for _ in range(ROUNDS):
            for name, cost in self._round().items():
                costs[name].append(cost)
        return {name: median(all_rounds) for name, all_rounds in costs.items()}

    def _round(self) -> dict[str, Cost]:
        numbers = list(islice(self._numbers, CASES))
        cases, request_ids = [key(number) for number in numbers], {}

        def ask(case: CaseKey) -> None:
            request_ids[case] = samples.ask(self._at, case)

        def call_back(case: CaseKey) -> None:
            ready = Result(request_id=request_ids[case], status=Status.READY, highlights=samples.HIGHLIGHTS)
            self._ledger.take_callback(case, ready)

        costs = {
            "take a ticket in": self._each(lambda number: self._ledger.receive(ticket(number)), numbers),
            "the same ticket again": self._each(lambda number: self._ledger.receive(ticket(number)), numbers),
            "claim and settle the request": self._each(ask, cases),
            "LogRocket's callback": self._each(call_back, cases),
            "claim and settle the note": self._each(lambda case: samples.post(self._at, case), cases),
            "look one case up": self._each(self._ledger.reader.find, cases),
        }
        self._at.empty_queues()
        return costs

    def _each(self, work: Callable[[T], object], pieces: list[T]) -> Cost:
        return self._meter.of(lambda: [work(piece) for piece in pieces], pieces=len(pieces))

    # -- The sweeper

    def _sweeps(self) -> dict[str, Cost]:
        nothing = self._often(lambda: sweeper.sweep(self._ledger))
        cases = self._lost(DUE)
        backlog = []
        for _ in range(ROUNDS):
            self._at.empty_queues()
            self._redis.zadd(self._keys.due, dict.fromkeys(cases, self._ledger.reader.now() - 1))
            backlog.append(self._meter.of(lambda: sweeper.sweep(self._ledger)))
        self._at.empty_queues()
        for case in cases:
            samples.skip(self._at, case)
        return {"sweep, nothing due": nothing, f"sweep, {DUE} due": median(backlog)}

    def _lost(self, number: int) -> list[CaseKey]:
        """Cases that were taken in, and whose job was lost."""
        numbers = list(islice(self._numbers, number))
        for each in numbers:
            self._ledger.receive(ticket(each))
        return [key(each) for each in numbers]

    # -- What people look at

    def _pages(self) -> dict[str, Cost]:
        for address in ("/", "/metrics", "/readyz"):
            self._at.page(address)
        return {
            "status page": self._often(lambda: self._at.page("/")),
            "/metrics": self._often(lambda: self._at.page("/metrics")),
            "/readyz": self._often(lambda: self._at.page("/readyz")),
            "`status`": self._often(self._at.status),
            "the 50 newest": self._often(lambda: self._ledger.reader.latest(50)),
        }

    def _often(self, work: Callable[[], object]) -> Cost:
        return median([self._meter.of(work) for _ in range(LOOKS)])

    # -- What is erased, or has expired

    def _erasing(self) -> dict[str, Cost]:
        cases = self._lost(3)
        for case in cases:
            samples.skip(self._at, case)
        first = iter(cases)
        address = ADA.email or ""
        search = lambda: sum(1 for _ in islice(self._ledger.reader.cases_of(address), LOOKED_AT))  # noqa: E731
        return {
            "`forget --ticket`": median([self._meter.of(lambda: self._ledger.forget(next(first))) for _ in cases]),
            "`forget --email`, an entry": self._meter.of(search, pieces=LOOKED_AT),
        }

    def _trimming(self, entries: int) -> dict[str, Cost]:
        nothing = self._often(self._ledger.trim)
        a_day = entries / self._at.settings.retention_days
        costs = {"trim, nothing expired": nothing}
        for name, days in (("an hour's", AN_HOUR), ("a day's", A_DAY), ("a week's", A_WEEK)):
            self._let_expire(int(a_day * days))
            costs[f"trim, {name} cases expired"] = self._meter.of(self._ledger.trim)
        return costs

    def _let_expire(self, number: int) -> None:
        """Put cases into the indexes whose entries have expired since."""
        names = [f"zendesk-9{nth:08d}" for nth in range(number)]
        longest = self._at.settings.retention_days * 86400 + GIVE_UP_SECONDS
        since = self._ledger.reader.now() - longest - number - 1
        begin = 0
        for state, share in OF_A_HUNDRED.items():
            end = begin + number * share // 100
            self._add(self._keys.state(state), names[begin:end], since=since)
            begin = end
        self._add(self._keys.received, names, since=since)

    def _add(self, index: str, names: list[str], *, since: float) -> None:
        for part in _parts(names):
            self._redis.zadd(index, {name: since + nth for nth, name in enumerate(part)})


def _parts(names: list[str], size: int = 5000) -> Iterable[list[str]]:
    return (names[first : first + size] for first in range(0, len(names), size))
