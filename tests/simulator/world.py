"""Virtual time: events in their order, and processes that wait in it; nothing here sleeps.

A process is a greenlet: the product's own code runs in it until it calls somebody outside, which takes virtual time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

import greenlet
from redis.exceptions import ConnectionError as RedisConnectionError
from rq.timeouts import JobTimeoutException

from integration.cases.entry import JOB_SECONDS
from tests.simulator.chance import Chance
from tests.simulator.redis import Commands, Connection, Store

START = 1_700_000_000.0
PATIENCE = 13.0  # seconds that a worker's connection goes on trying
MOST_EVENTS = 1500


class NeverEndsError(Exception):
    """A schedule has more events than any that comes to an end."""


class Process:
    """A greenlet of the product's code; `deadline` is when RQ interrupts its job."""

    def __init__(self, world: World, run: Callable[[], None], *, job: str | None = None) -> None:
        self.job = job
        self.killed = False
        self.deadline = world.now + JOB_SECONDS if job else float("inf")
        self.waiting = 0  # number of the wait that is under way
        self.done = False

        def whole() -> None:
            try:
                run()
            except Exception as error:  # noqa: BLE001 -- RQ catches it, and the job is over
                world.raised.append(f"{job} raised {error!r}")
                world.tell(world.raised[-1])
            finally:
                self.done = True

        self.greenlet = greenlet.greenlet(whole, parent=world.main)


class World:
    """The clock, what is to come, and the one Redis."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.now = START
        self.story: list[str] = []
        self.main = greenlet.getcurrent()
        self.process: Process | None = None
        self.redis = Store(lambda: self.now)
        self.away_until = 0.0
        self.clock_jumped_at = float("inf")
        self.ended = False
        self.raised: list[str] = []  # by what must not raise
        self.writes_under_way = 0
        self.events = 0
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._asked: dict[str, int] = {}

    def tell(self, text: str) -> None:
        """Write down what happens, with the time."""
        self.story.append(f"{self.now - START:9.2f} s  {text}")

    # -- Time

    def at(self, when: float, call: Callable[[], None]) -> None:
        """Let something happen later."""
        heapq.heappush(self._coming, (max(when, self.now), next(self._numbers), call))

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.at(self.now + seconds, call)

    @property
    def next_at(self) -> float:
        """When the next thing happens."""
        return self._coming[0][0] if self._coming else float("inf")

    def step(self) -> None:
        """Let the next thing happen."""
        self.events += 1
        if self.events > MOST_EVENTS:
            raise NeverEndsError
        when, _, call = heapq.heappop(self._coming)
        self.now = max(self.now, when)
        call()

    # -- Processes

    def start(self, process: Process) -> None:
        """Let a process run until it waits."""
        self._switch(process)

    def sleep(self, seconds: float) -> None:
        """Let the process that asks wait; its job is interrupted when its time is over."""
        process = self.process
        if process is None:
            raise RuntimeError("only a process can wait")
        process.waiting += 1
        number = process.waiting
        until = self.now + seconds
        interrupted = until > process.deadline
        when = max(process.deadline, self.now) if interrupted else until

        def go_on() -> None:
            if process.waiting == number and not process.killed:
                if interrupted:
                    process.deadline = float("inf")  # RQ's alarm rings once
                    self.tell(f"{process.job} has taken {JOB_SECONDS} s and is interrupted")
                    self._switch(process, JobTimeoutException())
                else:
                    self._switch(process)

        self.at(when, go_on)
        self.main.switch()

    def kill(self, process: Process) -> None:
        """End a process where it is: nothing of it runs any more."""
        if not process.done:
            process.killed = True
            self.tell(f"the worker that does {process.job} is killed")

    def freeze(self, process: Process, seconds: float) -> None:
        """Let a process stand still."""
        if process.killed or process.done:
            return
        self.tell(f"the worker that does {process.job} stands still for {seconds:g} s")
        process.waiting += 1
        number = process.waiting

        def go_on() -> None:
            if process.waiting == number and not process.killed:
                late = self.now > process.deadline
                self._switch(process, JobTimeoutException() if late else None)

        self.after(seconds, go_on)

    def _switch(self, process: Process, error: BaseException | None = None) -> None:
        self.process = process
        try:
            if error is None:
                process.greenlet.switch()
            else:
                process.greenlet.throw(error)
        finally:
            self.process = None

    # -- Redis

    def connection(self) -> Connection:
        """A client of Redis."""
        return Connection(self.redis, self._gate)

    def another_redis(self, *, loses: float, ahead: float, away: float) -> None:
        """Redis crashes and comes again, or a copy takes over."""
        lost = self.redis.lose(loses)
        self.redis.another(ahead=ahead)
        self.away_until = max(self.away_until, self.now + away)
        clock = f", its clock {ahead:+g} s" if ahead else ""
        self.tell(f"Redis is another one: {lost} writes of the last {loses:g} s are lost{clock}, away for {away:g} s")

    def _gate(self, commands: Commands, carry_out: Callable[[], list[object]]) -> list[object]:
        process = self.process
        if self.ended or (process is not None and process.killed):
            raise greenlet.GreenletExit
        self._wait_for_redis()
        if process is None or process.job is None or all(each[0] in ("GET", "TIME") for each in commands):
            return carry_out()
        number = self._asked[process.job] = self._asked.get(process.job, 0) + 1
        match self.chance.pick(
            ("redis", process.job, number), ("", "killed before", "killed after", "answer lost"), often=0.15
        ):
            case "killed before":
                self.tell(f"... before its change {number} of the ledger:")
                self._end_myself(process)
            case "killed after":
                carry_out()
                self.tell(f"... after its change {number} of the ledger:")
                self._end_myself(process)
            case "answer lost":
                self.tell(f"Redis' answer to change {number} of {process.job} is lost, the client asks again")
                carry_out()
                self.sleep(0.1)
                self._wait_for_redis()
        return carry_out()

    def _wait_for_redis(self) -> None:
        if self.now >= self.away_until:
            return
        if self.process is None:
            raise RedisConnectionError("away")
        self.sleep(min(self.away_until - self.now, PATIENCE))
        if self.now < self.away_until:
            raise RedisConnectionError("away")

    def _end_myself(self, process: Process) -> None:
        self.kill(process)
        self.main.switch()  # and never comes back
