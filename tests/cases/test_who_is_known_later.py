"""Cases whose person nobody knows yet are looked at again when their desk may know; and whose case it is."""

from __future__ import annotations

from functools import partial
from typing import cast

import pytest
from redis import Redis

from integration import services
from integration.cases import again, claims, transitions
from integration.cases.entry import Entry, Policy, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.ledger import Ledger, Received
from integration.errors import NoAddress
from integration.facts import CaseKey, Identified, NewCase, Person

KEYS = Keys(DEFAULT_PREFIX)
KEY = CaseKey("zendesk-1")
POLICY = Policy(poll_after=60.0, failed_retry=(1.0,), settle=60.0, backoff=5.0, random=lambda: 0.0)
LIN = Identified(desk="zendesk", contact="lin-6762f1")


def opened(redis: Redis, *secret_keys: str) -> Ledger:
    return Ledger(
        redis,
        keys=KEYS,
        routes=services.routes(),
        policy=POLICY,
        retention_days=1,
        secret_keys=secret_keys or ("k" * 32,),
    )


@pytest.fixture
def ledger(redis: Redis) -> Ledger:
    return opened(redis)


def entry_of(ledger: Ledger, key: CaseKey = KEY) -> Entry:
    entry = ledger.reader.find(key)
    assert entry is not None
    return entry


def look_in_vain(ledger: Ledger, key: CaseKey = KEY) -> None:
    """Do the step in which the desk knows nobody."""
    claimed = ledger.claim(key, State.RECEIVED)
    assert claimed is not None
    ledger.settle(claimed, partial(claims.not_there, error=NoAddress("nobody"), policy=POLICY))


def give_up(ledger: Ledger, key: CaseKey = KEY) -> None:
    claimed = ledger.claim(key, State.RECEIVED)
    assert claimed is not None
    ledger.settle(claimed, partial(transitions.ended, state=State.SKIPPED, reason="nobody"))


# -- Who is known later


def test_a_case_that_was_given_up_begins_anew(ledger: Ledger) -> None:
    ledger.receive(NewCase(key=KEY, contact=LIN.contact))
    give_up(ledger)
    assert ledger.look_again(LIN)
    assert entry_of(ledger).state is State.RECEIVED
    assert ledger.claim(KEY, State.RECEIVED) is not None


def test_a_case_that_waits_to_be_looked_at_again_waits_no_longer(ledger: Ledger) -> None:
    ledger.receive(NewCase(key=KEY, contact=LIN.contact))
    look_in_vain(ledger)
    assert ledger.claim(KEY, State.RECEIVED) is None
    assert ledger.look_again(LIN)
    assert ledger.claim(KEY, State.RECEIVED) is not None
    assert not ledger.look_again(LIN)  # somebody looks just now
    assert ledger.claim(KEY, State.RECEIVED) is None


def test_all_cases_of_the_person_are_and_nobody_elses(ledger: Ledger) -> None:
    for number, contact in enumerate((LIN.contact, LIN.contact, "another"), start=1):
        key = CaseKey(f"zendesk-{number}")
        ledger.receive(NewCase(key=key, contact=contact))
        give_up(ledger, key)
    assert ledger.look_again(LIN)
    states = [entry_of(ledger, CaseKey(f"zendesk-{number}")).state for number in (1, 2, 3)]
    assert states == [State.RECEIVED, State.RECEIVED, State.SKIPPED]
    assert not ledger.look_again(Identified(desk="freshdesk", contact="another"))


def test_nothing_changes_for_a_case_that_goes_on_by_itself_or_has_its_note(ledger: Ledger) -> None:
    ledger.receive(NewCase(key=KEY, contact=LIN.contact))
    assert not ledger.look_again(LIN)  # its first look is still to come
    claimed = ledger.claim(KEY, State.RECEIVED)
    assert claimed is not None
    assert not ledger.look_again(LIN)  # somebody looks just now
    ledger.settle(claimed, partial(transitions.requested, request_id="a" * 64, policy=POLICY))
    assert not ledger.look_again(LIN)
    collecting = entry_of(ledger)
    assert again.looked_again(transitions.posted(collecting, 1.0, note_id="7"), 2.0) is None


def test_whose_person_is_known_is_not_kept_by_what_the_desk_calls_them(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(NewCase(key=KEY, contact=LIN.contact, person=Person(email="lin@shop.example")))
    assert not redis.keys("*nameless*")
    assert not ledger.look_again(LIN)


def test_what_the_desk_calls_them_is_nowhere_in_redis_and_is_kept_no_longer_than_the_case(
    ledger: Ledger, redis: Redis
) -> None:
    ledger.receive(NewCase(key=KEY, contact=LIN.contact))
    [name] = cast("list[bytes]", redis.keys("*nameless*"))
    assert 0 < redis.ttl(name) <= 24 * 60 * 60
    for key in cast("list[bytes]", redis.keys("*")):
        assert LIN.contact.encode() not in key + cast("bytes", redis.dump(key))


def test_a_case_of_before_a_new_secret_key_is_found(ledger: Ledger, redis: Redis) -> None:
    ledger.receive(NewCase(key=KEY, contact=LIN.contact))
    give_up(ledger)
    assert not opened(redis, "n" * 32).look_again(LIN)
    assert opened(redis, "n" * 32, "k" * 32).look_again(LIN)


def test_a_case_that_was_erased_stays_so(ledger: Ledger) -> None:
    ledger.receive(NewCase(key=KEY, contact=LIN.contact))
    give_up(ledger)
    ledger.forget(KEY)
    assert not ledger.look_again(LIN)
    assert ledger.reader.find(KEY) is None


# -- Whose case it is


def test_a_case_that_was_skipped_as_anothers_begins_anew_when_ours_is_told_of(ledger: Ledger) -> None:
    assert ledger.receive(NewCase(key=KEY, account="theirs")) is Received.NEW
    give_up(ledger)
    assert ledger.receive(NewCase(key=KEY, account="theirs")) is Received.KNOWN
    assert entry_of(ledger).state is State.SKIPPED
    assert ledger.receive(NewCase(key=KEY, account="ours")) is Received.NEW
    assert entry_of(ledger).accounts == ("theirs", "ours")
    assert entry_of(ledger).state is State.RECEIVED


def test_a_case_that_waits_has_all_accounts_that_it_was_told_of_as(ledger: Ledger) -> None:
    assert ledger.receive(NewCase(key=KEY, account="theirs")) is Received.NEW
    ledger.receive(NewCase(key=KEY, account="ours"))
    assert entry_of(ledger).accounts == ("theirs", "ours")
    for number in range(9):
        ledger.receive(NewCase(key=KEY, account=f"account {number}"))
    assert len(entry_of(ledger).accounts) == 5


def test_a_case_that_came_without_an_account_or_has_its_note_is_left_alone(ledger: Ledger) -> None:
    ledger.receive(NewCase(key=KEY))
    assert ledger.receive(NewCase(key=KEY, account="theirs")) is Received.KNOWN
    assert entry_of(ledger).accounts == ()
    other = CaseKey("zendesk-2")
    ledger.receive(NewCase(key=other, account="ours"))
    posted = transitions.posted(entry_of(ledger, other), 1.0, note_id="7")
    assert again.told_of(posted, 2.0, account="theirs") is None
