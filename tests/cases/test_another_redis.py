"""Another Redis may have lost the last writes and has another clock: nothing is done until all is quiet."""

from __future__ import annotations

import dataclasses

import pytest
from redis import Redis

from integration import services
from integration.cases import stored, transitions
from integration.cases.entry import JOB_SECONDS, Claim, Entry, Note, Policy, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.ledger import CallbackOutcome, Ledger
from integration.facts import Highlights, Person, Result, Session, Status
from sandbox import Sandbox
from tests.conftest import InProcess, wait_for
from tests.tickets import key, new_ticket
from worker import sweeper

SETTLE = 3.0
QUIET = JOB_SECONDS + SETTLE
READY = Result(
    request_id="a" * 64,
    status=Status.READY,
    highlights=Highlights(summary="x", sessions=(Session(place="5-1/0", text="y"),)),
)


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    policy = Policy(poll_after=0.0, failed_retry=(1.0,), settle=SETTLE, backoff=0.2, random=lambda: 0.0)
    return Ledger(redis, keys=Keys(DEFAULT_PREFIX), routes=services.routes(), policy=policy, retention_days=1)


def bring_to(ledger: Ledger, state: State) -> Entry:
    """A ticket in a state, with nothing to wait for."""
    ledger.receive(new_ticket(1, email="ada@shop.example"))
    if state is not State.RECEIVED:
        ledger.take_callback(key(1), READY)  # overtakes an answer that nobody stored
    if state is State.READY:
        ledger.take_callback(key(1), READY)
    return entry_of(ledger)


def entry_of(ledger: Ledger) -> Entry:
    entry = ledger.reader.find(key(1))
    assert entry is not None
    return entry


def hand_over(redis: Redis, entry: Entry) -> None:
    """Another Redis takes over, which has the entry like this."""
    redis.set("highlights:case:zendesk-1", stored.dump(dataclasses.replace(entry, redis_run="another")))


@pytest.mark.parametrize("state", [State.RECEIVED, State.REQUESTED, State.READY])
def test_the_first_sight_of_an_entry_in_whatever_state_begins_a_quiet_time_and_claims_nothing(
    state: State, ledger: Ledger, redis: Redis
) -> None:
    before = bring_to(ledger, state)
    hand_over(redis, before)
    assert ledger.claim(key(1), state) is None
    entry = entry_of(ledger)
    assert (entry.redis_run, entry.redis_restarted, entry.claim.lease) == (before.redis_run, True, None)
    assert entry.quiet_until == pytest.approx(ledger.reader.now() + QUIET, abs=2)
    assert redis.zscore("highlights:due", "zendesk-1") == entry.quiet_until
    assert ledger.claim(key(1), state) is None
    sweeper.sweep(ledger)
    assert ledger.claim(key(1), state) is None


@pytest.mark.parametrize("jump", [-300.0, 300.0])
def test_a_clock_that_jumps_begins_a_quiet_time_too(jump: float, ledger: Ledger) -> None:
    bring_to(ledger, State.READY)
    sweeper.sweep(ledger, monotonic=lambda: 1000.0)
    sweeper.sweep(ledger, monotonic=lambda: 1000.5)  # drifts, as clocks do
    sweeper.sweep(ledger, monotonic=iter([1001.0, 1060.0]).__next__)  # Redis, or this process, was held up
    sweeper.sweep(ledger, monotonic=lambda: 1001.0)
    assert entry_of(ledger).quiet_until == 0
    sweeper.sweep(ledger, monotonic=lambda: 1001.0 - jump)
    assert ledger.claim(key(1), State.READY) is None
    assert entry_of(ledger).quiet_until == pytest.approx(ledger.reader.now() + QUIET, abs=2)


@pytest.mark.parametrize("jump", [-600.0, 600.0])
def test_the_quiet_time_is_the_new_clocks_whatever_the_old_one_said(jump: float, ledger: Ledger, redis: Redis) -> None:
    entry = bring_to(ledger, State.READY)
    then = ledger.reader.now() + jump
    claim = Claim(lease="a", lease_until=then + 20, not_before=then + 80)
    hand_over(redis, dataclasses.replace(entry, claim=claim))
    assert ledger.claim(key(1), State.READY) is None
    assert entry_of(ledger).wait_until == pytest.approx(ledger.reader.now() + QUIET, abs=2)


def test_a_callback_to_another_redis_is_taken_in_and_its_note_waits_for_the_quiet(ledger: Ledger, redis: Redis) -> None:
    hand_over(redis, bring_to(ledger, State.REQUESTED))
    assert ledger.take_callback(key(1), READY) is CallbackOutcome.TAKEN
    assert entry_of(ledger).state is State.READY
    assert ledger.claim(key(1), State.READY) is None
    assert entry_of(ledger).quiet_until > ledger.reader.now() + QUIET - 2


def test_a_claim_that_another_redis_still_knows_settles_what_it_did(ledger: Ledger, redis: Redis) -> None:
    bring_to(ledger, State.READY)
    claimed = ledger.claim(key(1), State.READY)
    assert claimed is not None
    hand_over(redis, entry_of(ledger))
    settled = ledger.settle(claimed, lambda entry, now: transitions.posted(entry, now, note_id="7"))
    assert settled is not None
    assert entry_of(ledger).state is State.POSTED


def test_a_note_whose_claim_was_lost_is_found_after_the_quiet_time(
    sandbox: Sandbox, product: InProcess, redis: Redis
) -> None:
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    posted = product.work_until(number, State.POSTED)
    name = product.ledger.keys.case(key(number))
    before = dataclasses.replace(
        posted, state=State.READY, person=Person(email="ada@shop.example"), note=Note(highlights=READY.highlights)
    )
    redis.set(name, stored.dump(dataclasses.replace(before, redis_run="another")))
    redis.zadd(product.ledger.keys.due, {key(number): 0})

    def seen() -> bool:
        product.work()
        return product.entry(number).quiet_until > product.ledger.reader.now()

    wait_for(seen)
    redis.set(name, stored.dump(dataclasses.replace(product.entry(number), quiet_until=0)))
    redis.zadd(product.ledger.keys.due, {key(number): 0})
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1
