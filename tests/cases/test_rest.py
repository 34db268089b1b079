"""The sweeper rests while nothing can be under way, and is woken by whoever writes that something is due."""

from __future__ import annotations

from functools import partial

import pytest
from redis import Redis

from integration import services
from integration.cases import bell, claims, transitions
from integration.cases.bell import Bell
from integration.cases.entry import LEASE_SECONDS, Policy, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.ledger import Ledger
from integration.errors import Temporary
from integration.facts import Result, Status
from tests.tickets import key, new_ticket

KEYS = Keys(DEFAULT_PREFIX)
POLICY = Policy(poll_after=300.0, failed_retry=(1.0,), settle=60.0, backoff=5.0, random=lambda: 0.0)
PENDING = Result(request_id="a" * 64, status=Status.PENDING)


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, keys=KEYS, routes=services.routes(), policy=POLICY, retention_days=1)


@pytest.fixture
def bell_(redis: Redis) -> Bell:
    return Bell(redis, KEYS, POLICY)


def is_rung(redis: Redis) -> bool:
    return bool(redis.llen(KEYS.bell))


def test_it_rests_while_no_case_is_open(bell_: Bell, ledger: Ledger) -> None:
    rest = bell_.rest()
    assert rest.seconds == bell.LONGEST_SECONDS
    assert rest.now == pytest.approx(ledger.reader.now(), abs=5)


def test_it_rests_until_what_may_be_under_way_then_is_due(bell_: Bell, redis: Redis, ledger: Ledger) -> None:
    """So it is awake while any lease runs: should Redis' clock jump then, that is noticed within a second."""
    now = ledger.reader.now()
    redis.zadd(KEYS.due, {"zendesk-1": now + 3600})
    assert bell_.rest().seconds == bell.LONGEST_SECONDS
    redis.zadd(KEYS.due, {"zendesk-2": now + 20 + POLICY.settle + 10 + 15})
    assert bell_.rest().seconds == pytest.approx(15, abs=2)
    for due in (now + 20 + POLICY.settle, now + LEASE_SECONDS, now, now - 1000):
        redis.zadd(KEYS.due, {"zendesk-2": due})
        assert bell_.rest().seconds == 0
        assert not redis.exists(KEYS.resting)


def test_a_new_case_wakes_it(bell_: Bell, ledger: Ledger) -> None:
    bell_.rest()
    ledger.receive(new_ticket(1))
    assert bell_.wait(0.01)


def test_a_case_that_waits_for_long_does_not_wake_it(bell_: Bell, ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    claimed = ledger.claim(key(1), State.RECEIVED)
    assert claimed is not None
    redis.delete(KEYS.due)
    bell_.rest()
    waits = Temporary("busy", retry_after=500.0)
    assert ledger.settle(claimed, partial(claims.postponed, error=waits, policy=POLICY)) is not None
    assert not is_rung(redis)
    assert bell_.rest().seconds == bell.LONGEST_SECONDS


def test_a_step_that_is_tried_again_wakes_it(bell_: Bell, ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    claimed = ledger.claim(key(1), State.RECEIVED)
    assert claimed is not None
    redis.delete(KEYS.due)
    bell_.rest()
    assert ledger.settle(claimed, partial(claims.postponed, error=Temporary("busy"), policy=POLICY)) is not None
    assert is_rung(redis)


def test_a_claim_wakes_it_and_so_does_one_that_a_closed_lane_refuses(bell_: Bell, ledger: Ledger, redis: Redis) -> None:
    for number, closed in ((1, False), (2, True)):
        ledger.receive(new_ticket(number, email="ada@shop.example"))
        redis.zadd(KEYS.due, {key(number): ledger.reader.now() + 3600})
        redis.delete(KEYS.bell)
        if closed:
            ledger.lanes.pause("LogRocket", 30.0)
        redis.zremrangebyscore(KEYS.due, 0, ledger.reader.now() + 1000)
        assert bell_.rest().seconds > 0
        assert (ledger.claim(key(number), State.RECEIVED) is None) is closed
        assert is_rung(redis)


def test_a_retry_wakes_it(bell_: Bell, ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    claimed = ledger.claim(key(1), State.RECEIVED)
    assert claimed is not None
    assert (
        ledger.settle(claimed, lambda entry, now: transitions.ended(entry, now, state=State.FAILED, reason="x"))
        is not None
    )
    bell_.rest()
    assert ledger.retry(key(1))
    assert is_rung(redis)


def test_it_is_rung_once_for_each_rest(bell_: Bell, ledger: Ledger, redis: Redis) -> None:
    bell_.rest()
    for number in range(20):
        ledger.receive(new_ticket(number))
    assert redis.llen(KEYS.bell) == 1
    assert bell_.wait(0.01)
    assert not bell_.wait(0.01)


def test_a_sweeper_that_is_awake_is_not_rung_for(bell_: Bell, ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    assert bell_.rest().seconds == 0
    ledger.receive(new_ticket(2))
    assert not is_rung(redis)
