"""The ledger on a real Valkey: one claim at a time, nothing before its time, nothing lost."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from redis import Redis

from integration import services
from integration.cases import claims, stored, transitions
from integration.cases.entry import Policy, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.ledger import CallbackOutcome, Ledger, Received
from integration.cases.pseudonym import Whose
from integration.cases.queues import open_queue
from integration.cases.stored import VERSION
from integration.errors import Temporary
from integration.facts import Highlights, Result, Session, Status
from tests.conftest import wait_for
from tests.tickets import key, new_ticket
from worker import sweeper

KEYS = Keys(DEFAULT_PREFIX)
HIGHLIGHTS = Highlights(summary="shops", sessions=(Session(place="5-1/0", text="pays"),))
POLICY = Policy(poll_after=60.0, failed_retry=(1.0,), settle=60.0, backoff=5.0, random=lambda: 0.0)


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, keys=KEYS, routes=services.routes(), policy=POLICY, retention_days=1)


def at_once(count: int, call: Callable[[], object]) -> Counter[object]:
    """What `count` threads get that call at the same time."""
    found: list[object] = []
    barrier = threading.Barrier(count)

    def run() -> None:
        barrier.wait()
        found.append(call())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(found)


# -- It works


def test_of_twenty_deliveries_at_once_one_is_new(ledger: Ledger) -> None:
    assert at_once(20, lambda: ledger.receive(new_ticket(1))) == {Received.NEW: 1, Received.KNOWN: 19}


def test_of_twenty_claims_at_once_one_succeeds(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1))
    assert at_once(20, lambda: ledger.claim(key(1), State.RECEIVED) is not None) == {True: 1, False: 19}


def test_an_entry_knows_when_it_came(ledger: Ledger) -> None:
    before = ledger.reader.now()
    ledger.receive(new_ticket(1, email="ada@shop.example", external_id='quote " and \\'))
    entry = ledger.reader.find(key(1))
    assert entry is not None
    assert before <= entry.received_at == entry.entered_at <= ledger.reader.now()
    assert entry.person.external_id == 'quote " and \\'
    assert ledger.reader.counts()[State.RECEIVED] == 1


# -- It refuses


def test_a_claim_of_another_step_is_refused(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1))
    assert ledger.claim(key(1), State.READY) is None
    assert ledger.claim(key(2), State.RECEIVED) is None


def test_no_claim_is_given_before_its_time(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1))
    claimed = ledger.claim(key(1), State.RECEIVED)
    assert claimed is not None
    ledger.settle(claimed, partial(claims.postponed, error=Temporary("busy", retry_after=9.0), policy=POLICY))
    assert ledger.claim(key(1), State.RECEIVED) is None


def test_what_came_of_a_lost_claim_is_not_written(ledger: Ledger) -> None:
    ledger.receive(new_ticket(1))
    claimed = ledger.claim(key(1), State.RECEIVED)
    assert claimed is not None
    done = partial(transitions.requested, request_id="a" * 64, policy=POLICY)
    assert ledger.settle(claimed, done) is not None
    assert ledger.settle(claimed, done) is None


def test_an_entry_of_a_newer_release_is_left_alone(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    newer = json.dumps({**json.loads(redis.get("highlights:case:zendesk-1") or b""), "v": VERSION + 1, "unheard": "of"})
    redis.set("highlights:case:zendesk-1", newer)
    redis.zadd("highlights:due", {"zendesk-1": 0})
    assert ledger.claim(key(1), State.RECEIVED) is None
    sweeper.sweep(ledger)
    assert redis.get("highlights:case:zendesk-1") == newer.encode()
    assert float(redis.zscore("highlights:due", "zendesk-1") or 0) > ledger.reader.now()
    assert ledger.receive(new_ticket(1)) is Received.KNOWN


# -- LogRocket's callback


def test_a_callback_is_taken_once_and_a_ticket_that_is_not_known_is_told_apart_from_one_that_was_told_before(
    ledger: Ledger, redis: Redis
) -> None:
    result = Result(request_id="a" * 64, status=Status.READY, highlights=HIGHLIGHTS)
    assert ledger.take_callback(key(1), result) is CallbackOutcome.UNKNOWN
    ledger.receive(new_ticket(1))
    assert ledger.take_callback(key(1), result) is CallbackOutcome.TAKEN  # which request is on record
    assert ledger.take_callback(key(1), result) is CallbackOutcome.TAKEN  # its highlights
    assert ledger.take_callback(key(1), result) is CallbackOutcome.REPEATED
    ledger.forget(key(1))
    assert ledger.take_callback(key(1), result) is CallbackOutcome.UNKNOWN
    ledger.receive(new_ticket(2))
    redis.set("highlights:case:zendesk-2", '{"v": 99}')
    assert ledger.take_callback(key(2), result) is CallbackOutcome.UNKNOWN


# -- It survives


def test_a_job_that_redis_lost_is_queued_again(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    queue = open_queue(KEYS.requests, redis)
    redis.delete(queue.key)
    sweeper.sweep(ledger)
    assert queue.job_ids == []  # it may still be on its way
    redis.zadd("highlights:due", {"zendesk-1": ledger.reader.now() - 1})
    sweeper.sweep(ledger)
    assert len(queue.job_ids) == 1


def test_a_job_that_still_waits_is_not_queued_again(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    redis.zadd("highlights:due", {"zendesk-1": 0})
    sweeper.sweep(ledger)
    assert len(open_queue(KEYS.requests, redis).job_ids) == 1


def test_a_due_entry_that_is_gone_is_forgotten(ledger: Ledger, redis: Redis) -> None:
    redis.zadd("highlights:due", {"zendesk-9": 0})
    sweeper.sweep(ledger)
    assert redis.zcard("highlights:due") == 0


def test_a_claim_whose_worker_died_is_given_anew_after_its_lease(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    claimed = ledger.claim(key(1), State.RECEIVED)
    assert claimed is not None
    assert float(redis.zscore("highlights:due", "zendesk-1") or 0) == pytest.approx(claimed.claim.lease_until)
    expired = replace(claimed, claim=replace(claimed.claim, lease_until=ledger.reader.now() - 1))
    redis.set("highlights:case:zendesk-1", stored.dump(expired))
    again = wait_for(lambda: ledger.claim(key(1), State.RECEIVED))
    assert again.claim.attempts == 2
    assert ledger.settle(claimed, partial(transitions.requested, request_id="a" * 64, policy=POLICY)) is None


# -- Looked through as a whole


def test_a_look_through_all_cases_finds_each_of_more_than_are_read_at_once(ledger: Ledger, redis: Redis) -> None:
    names = [KEYS.case(key(number)).encode() for number in range(1, 2500)]
    redis.mset(dict.fromkeys(names, '{"v": 99}'))
    redis.rpush(KEYS.case(key(2500)), "no text at all")
    looked_at = sorted(name for name, whose in ledger.reader.cases_of("ada@shop.example") if whose is Whose.UNREADABLE)
    assert looked_at == sorted([*names, KEYS.case(key(2500)).encode()])
    redis.config_resetstat()
    assert sum(1 for _ in ledger.reader.cases_of("ada@shop.example")) == 2500
    assert sum(stat["calls"] for stat in redis.info("commandstats").values()) < 20
