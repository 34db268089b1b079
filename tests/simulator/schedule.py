"""One schedule: the product's jobs, sweeper and ledger in a world that a seed, or a list of troubles, makes."""

from __future__ import annotations

import contextlib
import functools
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError

from integration import services
from integration.cases.entry import Entry, Policy, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.ledger import CallbackOutcome, Ledger, Received
from integration.cases.lost_writes import LostWrites
from integration.cases.queues import Job, Queues
from integration.facts import CaseKey, reference_of
from integration.logrocket import results
from integration.logrocket.links import ProjectLinks
from integration.logrocket.settings import LogRocketSettings
from integration.settings import Settings, from_environment
from integration.zendesk.settings import ZendeskSettings
from tests.simulator import promises, troubles
from tests.simulator.chance import Chance, Place
from tests.simulator.logrocket import Service, SimulatedLogRocket
from tests.simulator.network import Network
from tests.simulator.world import START, NeverEndsError, Process, World
from tests.simulator.zendesk import SimulatedDesk, Ticket, Zendesk
from tests.tickets import key, new_ticket
from worker import sweeper
from worker.jobs import Jobs

POLICY = Policy(poll_after=300.0, failed_retry=(60.0, 300.0, 900.0), settle=60.0, backoff=5.0, random=lambda: 0.5)
KEYS = Keys(DEFAULT_PREFIX)
LONGEST = 60 * 60 * 3.0
RECOVERY = 900.0  # seconds until the tickets that Redis lost are found again
_RECOVERIES = 9  # more than Redis has troubles in a schedule
_SECRET = "0123456789abcdefghijklmnopqrstuv" * 2
_STEPS: Mapping[State, str] = {
    State.RECEIVED: "request_highlights",
    State.REQUESTED: "collect_highlights",
    State.READY: "post_note",
}
_sweep: Any = sweeper.sweep
_WORKERS = {"requests": 2, "notes": 2}
DEMANDS = (0.0, 500.0, 0.3, 45.0, 91.0, 1700.0)  # seconds after a ticket came; 0: nobody asks
_LOOKING = {"lookback": 72 * 3600.0, "lookahead": 600.0, "delay": 30.0}
WISHES: tuple[dict[str, Any], ...] = ({}, _LOOKING, {**_LOOKING, "link_when_empty": True, "link_when_failed": True})
ARRIVALS = (0.0, 0.7, 40.0, 88.0)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What came of a schedule."""

    troubles: Mapping[Place, int]
    broken: Mapping[str, str]  # promises, by name, with what was seen
    story: list[str]
    waited: float  # the longest that a ticket without trouble waited for its note, when nothing happened to everybody


@functools.cache
def settings() -> Settings:
    """The settings of a usual installation."""
    return from_environment(
        {
            "REDIS_URL": "redis://127.0.0.1/0",
            "PUBLIC_URL": "http://127.0.0.1:8000",
            "SECRET_KEY": _SECRET,
            "ZENDESK_SUBDOMAIN": "acme",
            "ZENDESK_URL": "http://127.0.0.1:1",
            "ZENDESK_EMAIL": "us@example.com",
            "ZENDESK_API_TOKEN": _SECRET[:40],
            "ZENDESK_WEBHOOK_SECRET": _SECRET[3:43],
            "LOGROCKET_APP_ID": "acme/shop",
            "LOGROCKET_API_KEY": "acme:shop:" + _SECRET[:20],
            "LOGROCKET_API_URL": "http://127.0.0.1:1",
        }
    )


@functools.cache
def clients(worker: str) -> tuple[SimulatedDesk, SimulatedLogRocket]:
    """The product's clients of one worker process, made once: they take long to make."""
    del worker
    return SimulatedDesk(settings().of(ZendeskSettings)), SimulatedLogRocket(settings().of(LogRocketSettings))


class ModelQueues:
    """RQ's queues in the model of Redis: a job is in one list until a worker takes it."""

    def __init__(self, redis: Any) -> None:  # noqa: ANN401 -- the model's connection
        self._redis = redis

    def job(self, case: CaseKey, state: State) -> Job:
        """The job that a case's state calls for."""
        return Job(keys=("queues", queue_of(state), "job"), arguments=(f"{_STEPS[state]} {case}", "", ""))

    def add(self, jobs: Any, *, pipeline: Any) -> None:  # noqa: ANN401 -- as `Queues` has it
        """Queue jobs as part of a transaction."""
        for case, state in jobs:
            pipeline.rpush(queue_of(state), f"{_STEPS[state]} {case}")

    def waiting(self, wanted: Iterable[tuple[CaseKey, State]]) -> set[tuple[CaseKey, State]]:
        """Those of the cases and states for which a job waits."""
        jobs = [each.decode() for queue in _WORKERS for each in self._redis.lrange(f"queue:{queue}", 0, -1)]
        states = {step: state for state, step in _STEPS.items()}
        return {(CaseKey(case), states[step]) for step, case in map(str.split, jobs)}.intersection(wanted)

    def forget(self, case: CaseKey) -> int:
        """Take a case's jobs out."""
        return sum(self._redis.lrem(queue_of(state), 0, f"{step} {case}") for state, step in _STEPS.items())


def queue_of(state: State) -> str:
    """Where a state's jobs wait."""
    return "queue:notes" if state is State.READY else "queue:requests"


def open_ledger(
    redis: Any,  # noqa: ANN401 -- the model's
    policy: Policy = POLICY,
    *,
    reads: bool = False,
    monotonic: Callable[[], float] = time.monotonic,
) -> Ledger:
    """The product's ledger on the model of Redis."""
    ledger = Ledger(
        cast("Redis", redis),
        keys=KEYS,
        routes=replace(services.routes(), reads=reads),
        policy=policy,
        retention_days=30,
        secret_keys=(_SECRET,),
        queues=cast("Queues", ModelQueues(redis)),
        monotonic=monotonic,
    )
    ledger.write_counts = lambda: None  # type: ignore[method-assign]  # nobody reads it here
    return ledger


@dataclass(kw_only=True)
class Worker:
    """A worker process, and the job that it does."""

    name: str
    jobs: Jobs
    process: Process | None = None

    @property
    def busy(self) -> bool:
        return self.process is not None and not (self.process.done or self.process.killed)


class Schedule:
    """A run of the whole product, from the first delivery until nothing is left to do."""

    def __init__(self, chance: Chance, policy: Policy = POLICY) -> None:
        self.chance = chance
        self.policy = replace(policy, **chance.pick(("wishes",), WISHES, often=0.6))
        self.world = World(chance)
        self.network = Network(self.world)
        self.zendesk = Zendesk(self.world, self.network)
        self.logrocket = Service(self.world, self.network, self._call_back)
        self.redis = self.world.connection()
        self._reads = chance.pick(("reads",), (False, True), often=1)
        self.ledger = self._open_ledger()
        self.delivered: dict[int, float] = {}
        self.demanded: dict[int, int] = {}  # how often a ticket's way began anew for a demand, or because of one
        self._last_demand = 0.0
        self._created: dict[int, float] = {}
        self._workers = {
            queue: [self._worker(f"{queue} {each}") for each in range(count)] for queue, count in _WORKERS.items()
        }
        self._jobs: dict[str, int] = {}
        self._sweep_at = START
        self._pause = 1.0
        self._sweeper: Process | None = None

    def run(self) -> Found:
        """Play it through and judge."""
        self._set_the_stage()
        broken: dict[str, str] = {}
        try:
            self._play()
        except NeverEndsError:
            broken["everything ends"] = f"more than {self.world.events - 1} events"
        entries = {each: self.entry(each) for each in self.zendesk.tickets}
        broken = {**promises.broken(self, entries), **broken}
        self.world.ended = True
        return Found(
            troubles=self.chance.troubles, broken=broken, story=self.world.story, waited=promises.waited(self, entries)
        )

    def entry(self, ticket_id: int) -> Entry | None:
        """The entry as Redis has it."""
        away, self.world.away_until = self.world.away_until, 0.0
        try:
            return self.ledger.reader.find(key(ticket_id))
        finally:
            self.world.away_until = away

    # -- The stage

    def _set_the_stage(self) -> None:
        count = self.chance.pick(("tickets",), (2, 1, 3, 4), often=3)
        for number in range(1, count + 1):
            own = self.chance.pick(("ticket", number), troubles.OWN)
            looks_up = self.chance.pick(("ticket", number, "address"), (False, True), often=3) or "ticket" in own.kinds
            email = None if looks_up else f"a{number}@shop.example"
            self.zendesk.tickets[number] = Ticket(ticket_id=number, email=email, own_trouble=own)
            self.logrocket.own_troubles[number] = own
            when = START + self.chance.pick(("arrival", number), ARRIVALS, often=3)
            self._created[number] = when
            self.world.at(when, functools.partial(self._deliver, number))
            if self.chance.pick(("delivered again", number), (False, True), often=0.5):
                self.world.at(when + 30.0, functools.partial(self._deliver, number))
            after = self.chance.pick(("demand", number), DEMANDS, often=0.3)
            if after:
                self._last_demand = max(self._last_demand, when + after)
                self.world.at(when + after, functools.partial(self._demand, number))
            if own.name:
                self.world.tell(f"ticket {number}: {own.name}")
        service, trouble, start, length = self.chance.pick(("account",), troubles.ACCOUNTS, often=0.4)
        if service:
            whose: Any = self.zendesk if service == "Zendesk" else self.logrocket
            self.world.at(START + start, functools.partial(self._trouble, whose, trouble))
            self.world.at(START + start + length, functools.partial(self._trouble, whose, None))
        if self.chance.pick(("admin",), (False, True)):
            for seconds in (500.0, 1700.0):
                self.world.at(START + seconds, self._retry)
        for turn in range(1, _RECOVERIES + 1):
            self.world.at(START + turn * RECOVERY, self._recover)

    def _trouble(self, whose: Any, trouble: troubles.Trouble | None) -> None:  # noqa: ANN401 -- either service
        whose.trouble = trouble
        self.world.tell("that trouble is over" if trouble is None else trouble.name)

    def _deliver(self, number: int) -> None:
        try:
            self._receive(number)
        except RedisError:  # a 503, which Zendesk tries again
            self.world.after(10.0, functools.partial(self._deliver, number))

    def _receive(self, number: int, *, recovered: bool = False) -> None:
        new = self.ledger.receive(new_ticket(number, email=self.zendesk.tickets[number].email), recovered=recovered)
        self.delivered.setdefault(number, self.world.now)
        if new is Received.NEW:
            self.world.tell(f"ticket {number} is {'recovered' if recovered else 'delivered'}")

    def _demand(self, number: int) -> None:
        """Somebody adds the tag that asks for highlights."""
        try:
            taken = self.ledger.receive(replace(new_ticket(number), on_demand=True)) is Received.NEW
        except RedisError:
            self.world.after(10.0, functools.partial(self._demand, number))
            return
        self.delivered.setdefault(number, self.world.now)
        self.demanded[number] = self.demanded.get(number, 0) + taken
        self.world.tell(f"highlights are demanded for ticket {number}{'' if taken else ', whose note is on its way'}")

    def _retry(self) -> None:
        """An admin puts back to work what has ended without a note."""
        for number in self.zendesk.tickets:
            with contextlib.suppress(RedisError):
                if self.ledger.retry(key(number)):
                    self.world.tell(f"an admin retries ticket {number}")

    def _recover(self) -> None:
        """Look through the tickets of the time of which Redis may have lost some."""
        writes = LostWrites(cast("Redis", self.redis), KEYS)
        try:
            run, now, lost = writes.notice(), self.ledger.reader.now(), writes.stretch()
            for number, created in self._created.items():
                if lost is not None and created in lost:
                    self._receive(number, recovered=True)
            writes.looked(run=run, done=now, lost=lost, again_since=None)
        except RedisError:
            self.world.after(10.0, self._recover)

    def _call_back(self, ticket_id: int, body: dict[str, Any]) -> None:
        try:
            changed = self.ledger.take_callback(key(ticket_id), results.read(json.dumps(body).encode()))
        except RedisError:
            self.world.tell(f"LogRocket's callback for ticket {ticket_id} finds no Redis")
        else:
            what = body["status"] if changed is CallbackOutcome.TAKEN else f"{body['status']}, which changes nothing"
            self.world.tell(f"LogRocket calls back for ticket {ticket_id}: {what}")

    # -- The product

    def _open_ledger(self) -> Ledger:
        """The ledger of one process."""
        return open_ledger(self.redis, self.policy, reads=self._reads, monotonic=lambda: self.world.now)

    def _worker(self, name: str) -> Worker:
        desk, logrocket = clients(name)
        desk.use(self.zendesk)
        logrocket.use(self.logrocket)
        jobs = Jobs(
            ledger=self._open_ledger(),
            places={"zendesk": desk},
            summariser=logrocket,
            links=ProjectLinks(app_url="http://127.0.0.1:1", org="acme", app="shop"),
            callback=services.callback(settings()),
        )
        return Worker(name=name, jobs=jobs)

    def _play(self) -> None:
        world = self.world
        changes = -1
        while world.now < START + LONGEST:
            self._take_jobs()
            if world.redis.changes != changes:
                changes = world.redis.changes
                if self._over():
                    return
            sweep_at = self._next_sweep()
            if min(sweep_at, world.next_at) == float("inf"):
                return  # nothing will ever happen again
            if sweep_at <= world.next_at:
                world.now = max(world.now, sweep_at)
                self._sweep()
            else:
                world.step()

    def _over(self) -> bool:
        """Whether every ticket has its end, and nothing is under way that could still do something."""
        data = self.world.redis.data
        ended = not data.get(KEYS.due) and all(KEYS.case(key(number)) in data for number in self.zendesk.tickets)
        more_may_come = self.world.redis.run > 1 or ("admin",) in self.chance.troubles
        ended = ended and self.world.now > self._last_demand
        return ended and (not more_may_come or self.world.now > START + 2 * RECOVERY) and self._at_rest()

    def _at_rest(self) -> bool:
        workers = [each for workers in self._workers.values() for each in workers]
        return not any(each.busy for each in workers) and not self.world.writes_under_way

    def _next_sweep(self) -> float:
        if self._sweeper is not None and not self._sweeper.done:
            return float("inf")
        data = self.world.redis.data
        due = min(data.get(KEYS.due, {}).values(), default=float("inf")) - self.world.redis.clock_is_ahead
        if data.get(KEYS.line("Zendesk")):
            due = self.world.now
        return min(max(self._sweep_at, due), self.world.clock_jumped_at + sweeper.INTERVAL_SECONDS)

    def _sweep(self) -> None:
        before = self.world.redis.changes
        clock = {"monotonic": lambda: self.world.now} if troubles.CLOCK_IS_WATCHED else {}
        self.world.clock_jumped_at = float("inf")

        def run() -> None:
            pause = 1.0
            try:
                pause = _sweep(self.ledger, **clock)
            except RedisError:
                self.world.tell("the sweeper finds no Redis")
            # Looks that change nothing become rarer, to save time: a sweeper may be late.
            self._pause = pause if self.world.redis.changes != before else min(self._pause * 1.5, 5.0)
            self._sweep_at = self.world.now + max(self._pause, pause)

        self.world.events += 1
        if self.world.events > 100_000:
            raise NeverEndsError
        self._sweeper = Process(self.world, run)
        self.world.start(self._sweeper)

    def _take_jobs(self) -> None:
        world = self.world
        data = world.redis.data
        if world.now < world.away_until or not ("queue:requests" in data or "queue:notes" in data):
            return
        for queue, workers in self._workers.items():
            waiting = f"queue:{queue}"
            for place, worker in enumerate(workers):
                if worker.process is not None and worker.process.killed:
                    workers[place] = self._worker(worker.name)
                    world.after(1.0, lambda: None)
                elif not worker.busy and waiting in data:
                    self._take(worker, str(world.redis.command("LPOP", waiting)))

    def _take(self, worker: Worker, job: str) -> None:
        self._jobs[job] = number = self._jobs.get(job, 0) + 1
        step, case = job.split()
        ticket = reference_of(CaseKey(case))
        call: Callable[[CaseKey], None] = getattr(worker.jobs, step)
        name = f"{step} {number} of ticket {ticket}"
        worker.process = process = Process(self.world, functools.partial(call, CaseKey(case)), job=name)
        late = self.chance.pick(("late", step, ticket, number), (0.0, 3.0, 45.0), often=0.2)
        if late:
            self.world.tell(f"{name} begins {late:g} s late")
        process.deadline += late
        self.world.after(late, functools.partial(self._begin, process))

    def _begin(self, process: Process) -> None:
        if not process.killed:
            self.world.start(process)


def play(troubles_: Mapping[Place, int] | None = None, *, seed: int | None = None, policy: Policy = POLICY) -> Found:
    """Play one schedule: of a seed, or of a list of troubles."""
    return Schedule(Chance(troubles_, seed=seed), policy).run()
