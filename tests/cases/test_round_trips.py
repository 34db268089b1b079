"""A step asks Redis little, and writes by what it knows: whatever has happened meanwhile, as if it had read first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.exceptions import ReadOnlyError
from redis.retry import Retry
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from integration import services
from integration.cases import changes, claims, counters, stored, transitions
from integration.cases.changes import Decide
from integration.cases.entry import LEASE_SECONDS, Claim, Entry, Note, Policy, Request, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.ledger import CallbackOutcome, Ledger
from integration.cases.queues import open_queue
from integration.facts import Highlights, Pace, Person, Result, Session, Status
from integration.lua import Script, run_together
from tests.tickets import key, new_ticket
from worker import sweeper

KEYS = Keys(DEFAULT_PREFIX)
POLICY = Policy(poll_after=60.0, failed_retry=(1.0,), settle=60.0, backoff=5.0, random=lambda: 0.0)
REQUEST = "a" * 64
READY = Result(
    request_id=REQUEST,
    status=Status.READY,
    highlights=Highlights(summary="shops", sessions=(Session(place="5-1/0", text="pays"),)),
)
CASE = KEYS.case(key(1))


def open_ledger(redis: Redis, monotonic: Callable[[], float] = time.monotonic) -> Ledger:
    return Ledger(redis, keys=KEYS, routes=services.routes(), policy=POLICY, retention_days=1, monotonic=monotonic)


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return open_ledger(redis)


def entry_of(ledger: Ledger) -> Entry:
    entry = ledger.reader.find(key(1))
    assert entry is not None
    return entry


def claim(ledger: Ledger, state: State) -> Entry:
    claimed = ledger.claim(key(1), state)
    assert claimed is not None
    return claimed


REQUESTED = partial(transitions.requested, request_id=REQUEST, policy=POLICY)


# -- It works


def round_trips(redis: Redis, call: Callable[[], object]) -> int:
    """How often Redis was asked, by however many commands at a time."""
    before = int(redis.info("stats")["total_reads_processed"])
    call()
    return int(redis.info("stats")["total_reads_processed"]) - before - 1


def way(ledger: Ledger, number: int) -> dict[str, Callable[[], object]]:
    """What is done for a case from its delivery to its note."""
    case = key(number)
    claimed: dict[State, Entry] = {}

    def ask() -> None:
        ledger.lanes.answered_just_now("Zendesk")  # it was read
        ledger.lanes.ask()
        ledger.lanes.answered_just_now("LogRocket")

    def settle(state: State, decide: Decide) -> None:
        counters.count_step("request_highlights", 0.1)
        ledger.lanes.answered_just_now("Zendesk", Pace(interval=0.0, pause=0.0))
        assert ledger.settle(claimed[state], decide) is not None

    def take(state: State) -> None:
        found = ledger.claim(case, state)
        assert found is not None
        claimed[state] = found

    return {
        "receive": lambda: ledger.receive(new_ticket(number, email="ada@shop.example")),
        "claim": lambda: take(State.RECEIVED),
        "ask": ask,
        "settle": lambda: settle(State.RECEIVED, REQUESTED),
        "callback": lambda: ledger.take_callback(case, READY),
        "claim the note": lambda: take(State.READY),
        "settle the note": lambda: settle(State.READY, partial(transitions.posted, note_id="7")),
    }


def test_a_case_costs_eight_round_trips_of_which_its_callback_is_two(ledger: Ledger, redis: Redis) -> None:
    for call in way(ledger, 1).values():  # Redis gets to know the scripts
        call()
    asked = {name: round_trips(redis, call) for name, call in way(ledger, 2).items()}
    assert asked == {name: 2 if name == "callback" else 1 for name in asked}
    entry = ledger.reader.find(key(2))
    assert entry is not None
    assert entry.state is State.POSTED


def test_a_job_is_one_that_rqs_own_tools_read(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1, email="ada@shop.example"))
    queue = open_queue(KEYS.requests, redis)
    [job_id] = queue.job_ids
    job = Job.fetch(job_id, connection=redis, serializer=JSONSerializer)
    assert (job.func_name, job.args, job.kwargs) == ("worker.jobs.request_highlights", [key(1)], {})
    assert (job.origin, job.get_status(), job.result_ttl) == (KEYS.requests, JobStatus.QUEUED, 0)
    assert job.enqueued_at is not None
    assert job.enqueued_at.timestamp() == pytest.approx(ledger.reader.now(), abs=5)
    assert [each.name for each in type(queue).all(connection=redis)] == [KEYS.requests]


# -- It survives


def test_a_redis_that_has_forgotten_its_scripts_is_sent_them_and_nothing_is_done_twice(
    ledger: Ledger, redis: Redis
) -> None:
    for call in way(ledger, 1).values():
        redis.script_flush()
        call()
    assert entry_of(ledger).state is State.POSTED
    assert [len(open_queue(name, redis).job_ids) for name in KEYS.queues] == [1, 1]
    assert redis.zcard(KEYS.asked) == 1
    assert redis.hget(KEYS.metrics, "received") == b"1"
    assert redis.hget(KEYS.metrics, "step:request_highlights:0.1") == b"2"


def test_a_hint_that_came_during_a_step_is_not_overwritten(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1, email="ada@shop.example"))
    claimed = claim(ledger, State.RECEIVED)
    assert ledger.take_callback(key(1), READY) is CallbackOutcome.TAKEN
    settled = ledger.settle(claimed, REQUESTED)
    assert settled is not None
    assert settled.claim.not_before < ledger.reader.now()  # the answer is there: it is asked for at once


def test_what_another_run_of_redis_or_a_clock_that_jumped_would_change_is_decided_anew(
    ledger: Ledger, redis: Redis
) -> None:
    ledger.receive(new_ticket(1, email="ada@shop.example"))
    claimed = claim(ledger, State.RECEIVED)
    redis.incr(KEYS.clock)
    settled = ledger.settle(claimed, REQUESTED)
    assert settled is not None
    assert (settled.redis_restarted, settled.redis_run) == (True, entry_of(ledger).redis_run)
    assert settled.redis_run != claimed.redis_run
    assert settled.quiet_until > ledger.reader.now() + POLICY.settle


@pytest.mark.parametrize("late", [-30.0, -0.7, 0.1, 30.0])
def test_times_are_redis_own_whatever_became_of_our_clock_meanwhile(late: float, redis: Redis) -> None:
    clock = [1000.0]
    ledger = open_ledger(redis, lambda: clock[0])
    ledger.receive(new_ticket(1, email="ada@shop.example"))
    claimed = claim(ledger, State.RECEIVED)
    clock[0] += late
    settled = ledger.settle(claimed, REQUESTED)
    assert settled is not None
    assert ledger.reader.now() - 0.6 < settled.entered_at <= ledger.reader.now()


def test_what_was_read_from_a_slow_redis_is_written_by_that(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1, email="ada@shop.example"))
    decided: list[float] = []

    def slowly(entry: Entry, now: float) -> Entry:
        decided.append(now)
        time.sleep(changes._THOUGHT_LATE_SECONDS + 0.2)  # by Redis' clock, which goes on by itself
        return REQUESTED(entry, now)

    assert ledger._changes.make(key(1), slowly, step="test") is not None
    assert len(decided) == 1


# -- For whatever entry


SECONDS = st.floats(0, 4e9)
TEXT = st.text(max_size=8)
CLAIMS = st.builds(
    Claim,
    not_before=st.sampled_from((0, 1e9)),
    lease=st.none() | st.just("0a1b"),
    lease_until=st.sampled_from((0, 1e9)),
    attempts=st.integers(0, 5),
    since=st.none() | SECONDS,
)
OPEN = (State.RECEIVED, State.REQUESTED, State.READY)
FREE = st.builds(  # to be claimed
    Entry,
    key=st.just(key(1)),
    received_at=SECONDS,
    entered_at=SECONDS,
    state=st.sampled_from(OPEN),
    person=st.builds(Person, email=st.just("ada@shop.example") | TEXT),
    claim=CLAIMS,
    request=st.builds(Request, id=st.none() | st.just(REQUEST), hint=st.none() | TEXT, project=st.none() | TEXT),
    note=st.builds(Note, tried=st.sampled_from(((), (REQUEST,), ("b" * 64, REQUEST)))),
    tries=st.integers(0, 9),
    quiet_until=st.sampled_from((0, 1e9)),
    last_error=st.none() | TEXT | st.just('"state":"ready","wait":0'),
)
OBSTACLES: dict[str, Callable[[Entry], Entry]] = {
    "none": lambda entry: entry,
    "it waits": lambda entry: replace(entry, claim=replace(entry.claim, not_before=4e9)),
    "another has it": lambda entry: replace(entry, claim=replace(entry.claim, lease_until=4e9)),
    "it is quiet": lambda entry: replace(entry, quiet_until=4e9),
    "another state": lambda entry: replace(entry, state=OPEN[OPEN.index(entry.state) - 1]),
    "it has ended": lambda entry: replace(entry, state=State.POSTED),
    "another Redis": lambda entry: replace(entry, redis_run="another"),
    "written before runs were known": lambda entry: replace(entry, redis_run=""),
}
on_a_real_redis = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@on_a_real_redis
@given(free=FREE, obstacle=st.sampled_from(list(OBSTACLES)), closed=st.sampled_from(("", "LogRocket", "Zendesk")))
def test_a_claim_in_one_step_is_the_one_that_would_be_decided_on(
    free: Entry, obstacle: str, closed: str, redis: Redis
) -> None:
    redis.flushall()
    ledger = open_ledger(redis)
    run = run_of(ledger, redis)
    entry = OBSTACLES[obstacle](replace(free, redis_run=run))
    redis.set(CASE, stored.dump(entry))
    if closed:
        ledger.lanes.pause(closed, 60)
    found = ledger.claim(key(1), free.state)
    now = ledger.reader.now()
    here = transitions.under(entry, now, redis_run=run, policy=POLICY)
    opens = ledger.lanes.outlook().opens_at(here)
    if claims.claimed(here, now, state=free.state, lease="x", policy=POLICY) is None or opens > now:
        assert found is None
        assert entry_of(ledger).claim.attempts == entry.claim.attempts
        return
    assert found is not None
    assert found == entry_of(ledger)
    at = found.claim.lease_until - LEASE_SECONDS
    assert now - 5 < at <= now
    wanted = claims.taken(here, found.claim.lease or "", at, claims.lands_seconds(free.state, POLICY))
    assert _rounded(found) == _rounded(wanted)
    due = redis.zscore(KEYS.due, key(1))
    assert due is not None
    assert due == pytest.approx(found.wait_until, abs=0.01) or (due > found.wait_until and found.request.id is None)


def run_of(ledger: Ledger, redis: Redis) -> str:
    """Which run of Redis this is, as entries call it."""
    ledger.receive(new_ticket(9))
    ninth = ledger.reader.find(key(9))
    assert ninth is not None
    redis.delete(KEYS.case(key(9)))
    return ninth.redis_run


def _rounded(entry: Entry) -> Entry:
    lease_until, not_before = round(entry.claim.lease_until, 2), round(entry.claim.not_before, 2)
    since = None if entry.claim.since is None else round(entry.claim.since, 2)
    claim = replace(entry.claim, lease_until=lease_until, not_before=not_before, since=since)
    return replace(entry, claim=claim)


MEANWHILE = ("hint", "ready", "forget", "run", "scripts", "late", "retry", "sweep", "again")


@on_a_real_redis
@given(happened=st.lists(st.sampled_from(MEANWHILE), max_size=3), ready=st.booleans())
def test_what_comes_of_a_claim_is_what_it_would_be_had_the_entry_been_read(
    happened: list[str], redis: Redis, *, ready: bool
) -> None:
    outcomes = [settled_after(happened, redis, ready=ready, reads=reads) for reads in (False, True)]
    assert outcomes[0] == outcomes[1]


def settled_after(happened: list[str], redis: Redis, *, ready: bool, reads: bool) -> object:
    """What is written after all that; `reads`: by a process that has to read the entry, for it is not the claim's."""
    redis.flushall()
    clock = [1000.0]
    ledger = open_ledger(redis, lambda: clock[-1])
    ledger.receive(new_ticket(1, email="ada@shop.example"))
    state, decide = State.RECEIVED, REQUESTED
    if ready:
        ledger.take_callback(key(1), READY)
        ledger.take_callback(key(1), READY)
        state, decide = State.READY, partial(transitions.posted, note_id="7")
    claimed = claim(ledger, state)
    happens: dict[str, Callable[[], object]] = {
        "hint": lambda: ledger.take_callback(key(1), replace(READY, request_id="h")),
        "ready": lambda: ledger.take_callback(key(1), READY),
        "forget": lambda: ledger.forget(key(1)),
        "run": lambda: redis.incr(KEYS.clock),
        "scripts": redis.script_flush,
        "late": lambda: clock.append(clock[-1] + 40),
        "retry": lambda: ledger.retry(key(1)),
        "sweep": lambda: sweeper.sweep(ledger),
        "again": lambda: ledger.receive(new_ticket(1)),
    }
    for event in happened:
        happens[event]()
    settled = (open_ledger(redis) if reads else ledger).settle(claimed, decide)
    entry, now = ledger.reader.find(key(1)), ledger.reader.now()
    assert settled is None or settled == entry
    if entry is None:
        return settled is None
    waits = entry.wait_until > now
    jobs = sorted(job.rpartition("-")[0] for name in KEYS.queues for job in open_queue(name, redis).job_ids)
    return settled is None, entry.state, entry.request, entry.note.id, entry.redis_restarted, entry.tries, waits, jobs


# -- It survives an answer that was lost on its way


def test_a_claim_that_was_sent_twice_is_one(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1))
    changes = ledger._changes
    first = changes.claim(key(1), State.RECEIVED, lease="of this attempt")
    again = changes.claim(key(1), State.RECEIVED, lease="of this attempt")
    assert first is not None
    assert again == first
    assert changes.claim(key(1), State.RECEIVED, lease="of another") is None


def test_what_a_replica_refused_is_asked_of_the_primary(redis: Redis, redis_url: str) -> None:
    scripts = [Script("return redis.call('SET', KEYS[1], ARGV[1])").call([name], "1") for name in ("a", "b")]
    patient = Retry(ConstantBackoff(0.1), 50, supported_errors=(ReadOnlyError,))
    with Redis.from_url(redis_url, retry=patient) as connection:
        assert connection.ping()
        redis.replicaof("127.0.0.1", "1")
        threading.Timer(0.3, redis.replicaof, ("NO", "ONE")).start()
        run_together(connection, scripts)
    assert redis.mget("a", "b") == [b"1", b"1"]
