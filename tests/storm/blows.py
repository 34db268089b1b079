"""The blows: SIGKILL, SIGTERM, SIGSTOP, and what can happen to Redis, drawn from a shuffled deck."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from integration.cases.entry import LEASE_SECONDS
from tests.storm.stage import FAKETIME, NAMES, REQUEST_CHILDREN, Stage

LOST_REQUESTS: Final = 25  # that LogRocket may have taken in a second


@dataclass(frozen=True, kw_only=True)
class Blow:
    """One blow: from when to when (monotonic), and how many requests to LogRocket it may have cost."""

    kind: str
    began: float
    ended: float
    cost: int


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A kind of blow: how often it is in the deck, what it may cost, how it is struck."""

    often: int
    cost: int
    strike: Callable[[Stage, Random], None]


def _kill_worker_child(stage: Stage, random: Random) -> None:
    _kill_child(stage, random, "worker")


def _kill_web_child(stage: Stage, random: Random) -> None:
    _kill_child(stage, random, "web")


def _kill_child(stage: Stage, random: Random, name: str) -> None:
    children = stage.children(name)
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(random.choice(children), signal.SIGKILL)


def _kill_worker_children(stage: Stage, random: Random) -> None:
    """The sweeper and all who work, one by one, while the pool fills their places again."""
    children = stage.children("worker")
    random.shuffle(children)
    for child in children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        time.sleep(random.uniform(0, 0.3))


def _hang_child(stage: Stage, random: Random) -> None:
    _hang(stage, random, random.choice(NAMES), seconds=random.uniform(1, 4))


def _hang_past_lease(stage: Stage, random: Random) -> None:
    _hang(stage, random, "worker", seconds=LEASE_SECONDS + 2.0)


def _hang(stage: Stage, random: Random, name: str, *, seconds: float) -> None:
    """Stop a child in the middle of whatever it does, and let it go on later."""
    children = stage.children(name)
    if children:
        child = random.choice(children)
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(child, signal.SIGCONT)


def _kill_worker(stage: Stage, random: Random) -> None:
    stage.kill_tree("worker")
    time.sleep(random.uniform(0, 2))
    stage.start("worker")


def _kill_pool_alone(stage: Stage, random: Random) -> None:
    stage.product.running["worker"].kill()
    stage.product.running["worker"].wait()
    time.sleep(random.uniform(0, 1))
    stage.start("worker")


def _kill_web(stage: Stage, random: Random) -> None:
    stage.kill_tree("web")
    time.sleep(random.uniform(0, 1))
    stage.start("web")


def _terminate_all(stage: Stage, random: Random) -> None:
    stage.end_gently(*NAMES)
    time.sleep(random.uniform(0, 1))
    stage.start(*NAMES)


def _kill_all(stage: Stage, random: Random) -> None:
    for name in NAMES:
        stage.kill_tree(name)
    time.sleep(random.uniform(0, 1))
    stage.start(*NAMES)


def _pause_redis(stage: Stage, random: Random) -> None:
    seconds = random.uniform(0.5, 3.5)
    stage.tell_valkey("CLIENT", "PAUSE", int(seconds * 1000))
    time.sleep(seconds)


def _cut_connections(stage: Stage, _: Random) -> None:
    stage.tell_valkey("CLIENT", "KILL", "TYPE", "normal")


def _fill_redis(stage: Stage, random: Random) -> None:
    stage.tell_valkey("CONFIG", "SET", "maxmemory", 1)
    time.sleep(random.uniform(0.5, 3))
    stage.tell_valkey("CONFIG", "SET", "maxmemory", 0)


def _make_redis_a_replica(stage: Stage, random: Random) -> None:
    stage.tell_valkey("REPLICAOF", "127.0.0.1", 1)  # where nobody answers: it keeps its data, and refuses writes
    time.sleep(random.uniform(0.5, 3))
    stage.tell_valkey("REPLICAOF", "NO", "ONE")


def _restart_redis(stage: Stage, random: Random) -> None:
    stage.restart_valkey(kill=random.random() < 0.5, away=random.uniform(0.2, 3))


def _take_redis_away(stage: Stage, _: Random) -> None:
    stage.restart_valkey(kill=True, away=60)


def _hand_redis_over(stage: Stage, random: Random) -> None:
    stage.hand_over_valkey(lost=random.uniform(0.2, 1.0), ahead=0.0)


def _hand_redis_to_another_clock(stage: Stage, random: Random) -> None:
    stage.hand_over_valkey(lost=random.uniform(0.2, 1.0), ahead=random.choice((300.0, -120.0)))


KINDS: Final = {
    "SIGKILL worker child": _Kind(often=8, cost=1, strike=_kill_worker_child),
    "SIGKILL worker children, one by one": _Kind(often=1, cost=REQUEST_CHILDREN, strike=_kill_worker_children),
    "SIGKILL worker tree": _Kind(often=2, cost=REQUEST_CHILDREN, strike=_kill_worker),
    "SIGKILL worker parent": _Kind(often=1, cost=REQUEST_CHILDREN, strike=_kill_pool_alone),
    "SIGKILL web child": _Kind(often=2, cost=0, strike=_kill_web_child),
    "SIGKILL all of the web": _Kind(often=1, cost=0, strike=_kill_web),
    "SIGKILL everything": _Kind(often=1, cost=REQUEST_CHILDREN, strike=_kill_all),
    "SIGTERM everything": _Kind(often=1, cost=0, strike=_terminate_all),
    "child hangs": _Kind(often=2, cost=1, strike=_hang_child),
    "Redis paused": _Kind(often=2, cost=REQUEST_CHILDREN, strike=_pause_redis),
    "Redis connections cut": _Kind(often=2, cost=REQUEST_CHILDREN, strike=_cut_connections),
    "Redis out of memory": _Kind(often=1, cost=REQUEST_CHILDREN, strike=_fill_redis),
    "Redis a read-only replica": _Kind(often=1, cost=REQUEST_CHILDREN, strike=_make_redis_a_replica),
}
RESTART: Final = "Redis restarted with its file"
AWAY: Final = "Redis away for 60 s"
HANG: Final = "child hangs past its lease"
HANDED_OVER: Final = "Redis handed over, last writes lost"
OTHER_CLOCK: Final = (
    "Redis handed over, its clock minutes off" if FAKETIME else f"{HANDED_OVER} (libfaketime is missing)"
)
BY_APPOINTMENT: Final = {
    HANDED_OVER: _Kind(often=0, cost=LOST_REQUESTS, strike=_hand_redis_over),
    OTHER_CLOCK: _Kind(often=0, cost=LOST_REQUESTS, strike=_hand_redis_to_another_clock),
    RESTART: _Kind(often=0, cost=REQUEST_CHILDREN, strike=_restart_redis),
    AWAY: _Kind(often=0, cost=REQUEST_CHILDREN, strike=_take_redis_away),
    HANG: _Kind(often=0, cost=1, strike=_hang_past_lease),
}


class Blows:
    """Strikes one blow after another, `pause` seconds apart on average, and keeps what was struck."""

    def __init__(
        self, stage: Stage, random: Random, *, pause: float, appointments: Sequence[tuple[float, str]]
    ) -> None:
        self._stage = stage
        self._random = random
        self._pause = pause
        self._appointments = sorted(appointments)  # seconds after the beginning, and what is struck then
        self.struck: list[Blow] = []

    def rage(self, stop: threading.Event) -> None:
        """Strike until `stop`."""
        began, deck = time.monotonic(), list[str]()
        while not stop.wait(self._random.uniform(0.5, 1.5) * self._pause):
            self._stage.restart_the_dead()
            if self._appointments and time.monotonic() - began > self._appointments[0][0]:
                _, name = self._appointments.pop(0)
                self._strike(name, BY_APPOINTMENT[name])
                continue
            if not deck:
                deck = [name for name, kind in KINDS.items() for _ in range(kind.often)]
                self._random.shuffle(deck)
            name = deck.pop()
            self._strike(name, KINDS[name])

    def _strike(self, name: str, kind: _Kind) -> None:
        began = time.monotonic()
        kind.strike(self._stage, self._random)
        self.struck.append(Blow(kind=name, began=began, ended=time.monotonic(), cost=kind.cost))

    def counts(self) -> Counter[str]:
        """How many of each kind were struck."""
        return Counter(blow.kind for blow in self.struck)

    def kills(self) -> int:
        """How many of them were SIGKILLs."""
        return sum(blow.kind.startswith("SIGKILL") for blow in self.struck)
