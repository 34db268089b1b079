"""Plays many schedules and finds the shortest ones that break a promise."""

from __future__ import annotations

import functools
import gc
import multiprocessing
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from integration import logs, note
from integration.cases import stored
from integration.zendesk import note as zendesk_note
from tests.simulator import schedule, troubles
from tests.simulator.chance import Place, shortest
from tests.simulator.schedule import Found

_BATCH = 250
_LINES = 60  # of a schedule's story


@dataclass(frozen=True, kw_only=True)
class Breach:
    """A promise that was broken, and the shortest schedule found for it."""

    promise: str
    seed: int
    found: Found

    @property
    def kind(self) -> tuple[str, ...]:
        """The promise with its troubles, whichever ticket they were of: for telling breaches apart."""
        return (self.promise, *sorted({_kind(place, number) for place, number in self.found.troubles.items()}))

    def text(self) -> str:
        """For a reader."""
        lines = [f"BROKEN: {self.promise}: {self.found.broken[self.promise]}  (seed {self.seed})"]
        lines += [f"  trouble at {place}: choice {number}" for place, number in self.found.troubles.items()]
        story = self.found.story
        told = story if len(story) <= _LINES else [*story[:_LINES], f"... and {len(story) - _LINES} lines more"]
        return "\n".join([*lines, *(f"    {line}" for line in told)])


@dataclass(kw_only=True)
class Report:
    """What many schedules came to."""

    schedules: int = 0
    broken: Counter[str] = field(default_factory=Counter)
    waited: float = 0.0
    breaches: dict[tuple[str, ...], Breach] = field(default_factory=dict)

    def add(self, other: Report) -> None:
        """Count another report in."""
        self.schedules += other.schedules
        self.broken += other.broken
        self.waited = max(self.waited, other.waited)
        for kind, breach in other.breaches.items():
            self.breaches.setdefault(kind, breach)


def explore(seeds: Iterable[int], *, promises: tuple[str, ...] = (), most: int = 3) -> Report:
    """Play a schedule for each seed; look for the shortest ones of the first `most` breaches of each promise."""
    prepare()
    report, shown = Report(), Counter[str]()
    for seed in seeds:
        found = schedule.play(seed=seed)
        report.schedules += 1
        report.waited = max(report.waited, found.waited)
        for promise in found.broken:
            report.broken[promise] += 1
            if (not promises or promise in promises) and shown[promise] < most:
                shown[promise] += 1
                breach = shrunk(found, promise, seed)
                report.breaches.setdefault(breach.kind, breach)
    return report


def shrunk(found: Found, promise: str, seed: int) -> Breach:
    """The shortest schedule that breaks the same promise."""
    fewest = shortest(found.troubles, lambda troubles_: promise in schedule.play(troubles_).broken)
    return Breach(promise=promise, seed=seed, found=schedule.play(fewest))


def in_processes(first: int, count: int, *, processes: int, promises: tuple[str, ...], most: int) -> Iterator[Report]:
    """Explore in several processes; a report for each part."""
    parts = [
        (range(start, min(start + _BATCH, first + count)), promises, most)
        for start in range(first, first + count, _BATCH)
    ]
    if processes == 1:
        yield from map(_part, parts)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap(_part, parts)


def _part(part: tuple[range, tuple[str, ...], int]) -> Report:
    seeds, promises, most = part
    return explore(seeds, promises=promises, most=most)


def prepare() -> None:
    """Say nothing of what the product logs, and remember what its pure functions answered: that saves a fifth."""
    logs.say_nothing()
    if not hasattr(stored.load, "cache_info"):
        stored.load = functools.lru_cache(4096)(stored.load)
        note.compose = functools.lru_cache(4096)(note.compose)  # type: ignore[assignment]
        zendesk_note.render = functools.lru_cache(4096)(zendesk_note.render)
        gc.freeze()  # what is loaded now stays: looking through it again and again takes a third of the time
        gc.set_threshold(20_000, 50, 50)


def _kind(place: Place, number: int) -> str:  # noqa: PLR0911 -- one return a kind of place
    match place:
        case ("during", _, str(kind), *_):
            found = troubles.DISTURBANCES[number]
            return f"during {kind}: {found.kind}{' ahead' if found.ahead > 0 else ''}{' loses' if found.loses else ''}"
        case (_, str(kind), int(), int()) if kind in troubles.ACCIDENTS:
            return f"{kind}: {troubles.ACCIDENTS[kind][number].name}"
        case ("LogRocket", "result", *_):
            return f"result: {troubles.OUTCOMES[number].name}"
        case ("ticket", int()):
            return f"own: {troubles.OWN[number].name}"
        case ("account",):
            return f"account: {troubles.ACCOUNTS[number][1].name}"
        case ("redis", str(), int()):
            return f"redis: {number}"
    return " ".join(each for each in place if isinstance(each, str))
