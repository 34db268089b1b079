"""What is remembered, and for how long: nothing is kept for ever, and nothing is let go too early."""

from __future__ import annotations

from functools import partial
from typing import cast

import pytest
from redis import Redis

from integration import services
from integration.cases import transitions
from integration.cases.entry import FINAL, GIVE_UP_SECONDS, Entry, Policy, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.lanes import Leave, Wait
from integration.cases.ledger import Ledger
from tests.conftest import Processes, wait_for
from tests.tickets import key, new_ticket

pytestmark = pytest.mark.slow

DAY = 24 * 60 * 60
DAYS = 3
KEYS = Keys(DEFAULT_PREFIX)
POLICY = Policy(poll_after=60.0, failed_retry=(1.0,), settle=60.0, backoff=0.2, random=lambda: 0.0)


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return Ledger(redis, keys=KEYS, routes=services.routes(), policy=POLICY, retention_days=DAYS)


def end(ledger: Ledger, ticket_id: int, state: State) -> Entry:
    """Take a ticket in, and bring it to its end."""
    ledger.receive(new_ticket(ticket_id))
    claimed = ledger.claim(key(ticket_id), State.RECEIVED)
    assert claimed is not None
    ended = ledger.settle(claimed, partial(transitions.ended, state=state, reason="because"))
    assert ended is not None
    return ended


def let_pass(redis: Redis, index: str, seconds: float) -> None:
    """Make everything in an index older."""
    for member, score in cast("list[tuple[bytes, float]]", redis.zrange(index, 0, -1, withscores=True)):
        redis.zadd(index, {member: score - seconds})


def indexes(redis: Redis) -> list[str]:
    """The ledger's indexes in which there is anything, whatever they are called."""
    others = (KEYS.asked, KEYS.beats)
    names = [name.decode() for name in cast("list[bytes]", redis.keys("*"))]
    return sorted(
        name
        for name in names
        if redis.type(name) == b"zset" and name.startswith(f"{DEFAULT_PREFIX}:") and name not in others
    )


# -- Entries


@pytest.mark.parametrize("state", sorted(FINAL))
def test_whatever_has_ended_is_kept_for_the_days_of_the_settings(state: State, ledger: Ledger, redis: Redis) -> None:
    end(ledger, 1, state)
    assert DAYS * DAY - 60 < redis.ttl(KEYS.case(key(1))) <= DAYS * DAY


@pytest.mark.parametrize("state", sorted(FINAL))
def test_whatever_has_ended_is_in_no_index_once_it_has_expired(state: State, ledger: Ledger, redis: Redis) -> None:
    end(ledger, 1, state)
    redis.delete(KEYS.case(key(1)))
    for index in indexes(redis):
        let_pass(redis, index, DAYS * DAY + GIVE_UP_SECONDS + 1)
    ledger.trim()
    assert indexes(redis) == []


def test_however_much_has_expired_no_single_command_drops_it_all(ledger: Ledger, redis: Redis) -> None:
    index = KEYS.state(State.POSTED)
    redis.zadd(index, {f"zendesk-{number}": float(number // 2) for number in range(12_000)})
    redis.zadd(index, {"zendesk-12000": ledger.reader.now()})
    redis.config_resetstat()
    ledger.trim()
    assert redis.zrange(index, 0, -1) == [b"zendesk-12000"]
    indexes_beside = len(FINAL) - 1 + 2
    assert redis.info("commandstats")["cmdstat_zremrangebyscore"]["calls"] == 3 + indexes_beside


@pytest.mark.parametrize("state", sorted(FINAL))
def test_nothing_is_dropped_from_an_index_before_its_time(state: State, ledger: Ledger, redis: Redis) -> None:
    end(ledger, 1, state)
    let_pass(redis, KEYS.state(state), DAYS * DAY - 60)
    let_pass(redis, KEYS.received, DAYS * DAY - 60)
    ledger.trim()
    assert ledger.reader.in_state(state) == [key(1)]
    assert [entry.key for entry in ledger.reader.latest(5)] == [key(1)]


def test_a_ticket_on_its_way_never_expires_and_leaves_no_index(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(new_ticket(1))
    for index in (KEYS.due, KEYS.state(State.RECEIVED)):
        let_pass(redis, index, 100 * DAY)
    ledger.trim()
    assert redis.ttl(KEYS.case(key(1))) == -1
    assert indexes(redis) == [KEYS.due, KEYS.received, KEYS.state(State.RECEIVED)]


def test_a_ticket_that_is_tried_again_does_not_expire_on_its_way(ledger: Ledger, redis: Redis) -> None:
    end(ledger, 1, State.FAILED)
    assert ledger.retry(key(1))
    assert redis.ttl(KEYS.case(key(1))) == -1
    assert ledger.reader.in_state(State.FAILED) == []


def test_the_worker_drops_what_has_expired(processes: Processes, redis: Redis) -> None:
    for index in (*(KEYS.state(state) for state in FINAL), KEYS.received):
        redis.zadd(index, {"zendesk-9": 1.0})
    processes.start("worker")
    wait_for(lambda: not indexes(redis))


# -- LogRocket's ceiling


def test_a_request_counts_for_an_hour_and_no_longer(redis: Redis) -> None:
    lanes = Ledger(
        redis, keys=KEYS, routes=services.routes(), policy=POLICY, retention_days=DAYS, requests_per_hour=1
    ).lanes
    assert isinstance(lanes.ask(), Leave)
    let_pass(redis, KEYS.asked, 3500)
    assert isinstance(lanes.ask(), Wait)
    let_pass(redis, KEYS.asked, 101)
    assert isinstance(lanes.ask(), Leave)
    assert redis.zcard(KEYS.asked) == 1
    assert 0 < redis.ttl(KEYS.asked) <= 3600


# -- Holds


def test_a_hold_began_when_it_began_however_often_it_is_found_again(ledger: Ledger) -> None:
    ledger.lanes.hold("Zendesk", "refused (401)")
    [first] = ledger.lanes.holds()
    for reason in ("refused (401)", "refused (403)"):
        wait_for(lambda: ledger.reader.now() > first.since + 0.01)
        ledger.lanes.hold("Zendesk", reason)
    [again] = ledger.lanes.holds()
    assert (again.since, again.reason) == (first.since, "refused (403)")


def test_a_hold_after_another_has_its_own_beginning(ledger: Ledger) -> None:
    ledger.lanes.hold("Zendesk", "refused (401)")
    [first] = ledger.lanes.holds()
    ledger.lanes.answered("Zendesk", None)
    wait_for(lambda: ledger.reader.now() > first.since + 0.01)
    ledger.lanes.hold("Zendesk", "refused (401)")
    [second] = ledger.lanes.holds()
    assert second.since > first.since
