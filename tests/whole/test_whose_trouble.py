"""A refusal is one ticket's own trouble until it is shown to be the account's: nobody waits for another's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from redis import Redis

from integration.cases.entry import Claim, Entry, State
from integration.cases.lanes import Sign
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for
from tests.tickets import key, new_ticket

pytestmark = pytest.mark.usefixtures("roomy")

T = TypeVar("T")

ADA = "ada@shop.example"
ROOM = {"zendesk-ratelimit-tickets-update": "total=100; remaining=97; resets=40"}
USED_UP = {"zendesk-ratelimit-tickets-update": "total=100; remaining=0; resets=40"}


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "BACKOFF_SECONDS": "0.02"}


def refuse(sandbox: Sandbox, ticket_id: int, method: str, status: int, **options: object) -> None:
    """Refuse every call of one kind for one ticket."""
    path = rf"/tickets/{ticket_id}(\.json)?(\?|$)"
    options = {"body": '{"error": {"title": "Forbidden", "message": "No"}}', **options}
    sandbox.faults.add(Fault(service="zendesk", method=method, path=path, status=status, times=None, **options))  # type: ignore[arg-type]  # fields of Fault


def entries_of(product: InProcess, *tickets: int) -> list[Entry]:
    return [product.entry(each) for each in tickets]


def working(product: InProcess, condition: Callable[[], T | None]) -> T:
    """Work until there is a true value of `condition`; that value."""

    def worked() -> T | None:
        product.work()
        return condition()

    return wait_for(worked)


def file_unknown(sandbox: Sandbox, product: InProcess) -> int:
    """A ticket of which the delivery does not tell who filed it."""
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    product.ledger.receive(new_ticket(number))
    return number


# -- Of its own


@pytest.mark.parametrize("status", [401, 402, 403])
def test_a_ticket_whose_note_is_refused_keeps_nobody_waiting_and_fails_with_the_permission_as_its_reason(
    status: int, sandbox: Sandbox, product: InProcess
) -> None:
    refused, *others = (sandbox.zendesk.file_ticket(requester=ADA) for _ in range(4))
    refuse(sandbox, refused, "PUT", status)
    for number in others:
        product.work_until(number, State.POSTED)
    entry = product.work_until(refused, State.FAILED)
    assert "denies permission for this ticket" in str(entry.reason)
    assert product.ledger.lanes.holds() == []

    sandbox.faults.clear()
    assert product.ledger.retry(key(refused))
    product.work_until(refused, State.POSTED)
    assert len(sandbox.zendesk.internal_notes()) == 4


def test_tickets_whose_look_up_is_refused_keep_nobody_waiting(sandbox: Sandbox, product: InProcess) -> None:
    refused = [file_unknown(sandbox, product) for _ in range(3)]
    for number in refused:
        refuse(sandbox, number, "GET", 403)
    working(product, lambda: all(each.claim.refused_since for each in entries_of(product, *refused)))
    good = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(good, State.POSTED)
    for number in refused:
        assert product.work_until(number, State.FAILED).reason is not None
    assert product.ledger.lanes.holds() == []
    assert len(sandbox.logrocket.results) == 1


def test_a_429_of_one_ticket_makes_that_one_wait(sandbox: Sandbox, product: InProcess) -> None:
    limited, other = (sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2))
    refuse(sandbox, limited, "PUT", 429, headers={**ROOM, "Retry-After": "90"})
    product.work_until(other, State.POSTED)
    working(product, lambda: product.entry(limited).last_error)
    outlook = product.ledger.lanes.outlook()
    assert outlook.notes_at("Zendesk") - outlook.now < 5
    assert product.entry(limited).claim.not_before - outlook.now > 80


def test_a_requester_whom_logrocket_refuses_fails_alone(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=403, times=3))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.FAILED)
    assert "denies permission for this requester's highlights (403)" in str(entry.reason)
    assert product.ledger.lanes.holds() == []


@pytest.mark.parametrize("status", [402, 404])
def test_a_single_402_or_404_of_logrockets_ends_nothing(status: int, sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=status))
    product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)


@pytest.mark.parametrize("probe", [{"status": 503}, {"status": 200, "body": "<html>"}, {"drop": "before"}])
def test_while_nobody_can_tell_whose_trouble_it_is_the_ticket_waits(
    probe: dict[str, Any], sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.faults.add(Fault(service="zendesk", path=r"/users/me", times=None, **probe))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    refuse(sandbox, number, "PUT", 403)
    working(product, lambda: len([each for each in sandbox.zendesk.requests if "/users/me" in each.path]) > 4)
    entry = product.entry(number)
    assert (entry.state, entry.claim.refusals, product.ledger.lanes.holds()) == (State.READY, 0, [])


# -- Of the account


def test_credentials_that_are_refused_hold_everybody_and_cost_no_attempt(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="zendesk", path="/api/v2/", status=403, times=None))
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(3)]
    [hold] = working(product, product.ledger.lanes.holds)
    assert (hold.service, hold.reason) == ("Zendesk", "Zendesk refuses our credentials (403)")
    working(product, lambda: len(sandbox.zendesk.requests) > 12)
    assert {(each.state, each.claim.refusals) for each in entries_of(product, *tickets)} == {(State.RECEIVED, 0)}
    sandbox.faults.clear()
    for number in tickets:
        product.work_until(number, State.POSTED)
    assert product.ledger.lanes.holds() == []


def test_one_ticket_after_another_that_is_refused_is_the_accounts_trouble(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", status=403, times=None))
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2)]
    [hold] = working(product, product.ledger.lanes.holds)
    assert "one ticket after another" in hold.reason
    working(product, lambda: len(sandbox.zendesk.requests) > 20)
    assert {each.state for each in entries_of(product, *tickets)} == {State.READY}
    sandbox.faults.clear()
    for number in tickets:
        product.work_until(number, State.POSTED)


def test_a_429_of_the_accounts_makes_all_wait(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    refuse(sandbox, number, "PUT", 429, headers={**USED_UP, "Retry-After": "30"})
    working(product, lambda: product.entry(number).last_error)
    outlook = product.ledger.lanes.outlook()
    assert outlook.notes_at("Zendesk") - outlook.now > 25


def test_a_second_tickets_429_makes_all_wait(sandbox: Sandbox, product: InProcess) -> None:
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2)]
    for number in tickets:
        refuse(sandbox, number, "PUT", 429, headers={"Retry-After": "30"})
    working(product, lambda: all(each.last_error for each in entries_of(product, *tickets)))
    outlook = product.ledger.lanes.outlook()
    assert outlook.notes_at("Zendesk") - outlook.now > 25


def test_a_look_up_waits_while_zendesk_is_on_hold_and_is_counted_by_nobody(
    sandbox: Sandbox, product: InProcess, redis: Redis
) -> None:
    product.ledger.lanes.hold("Zendesk", "a test", longest=1.0)
    product.ledger.lanes.pause("Zendesk", 1.0)
    number = file_unknown(sandbox, product)
    product.work()
    assert [each for each in sandbox.zendesk.requests if each.method == "GET"] == []
    assert redis.zcard(product.ledger.keys.asked) == 0
    product.work_until(number, State.POSTED)
    assert redis.zcard(product.ledger.keys.asked) == 1


def test_who_is_forgotten_was_asked_for_all_the_same(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert product.ledger.forget(key(number))
    assert redis.zcard(product.ledger.keys.asked) == 1


# -- 404


@pytest.mark.parametrize("file", [file_unknown, lambda sandbox, _: sandbox.zendesk.file_ticket(requester=ADA)])
def test_a_single_404_ends_nothing(
    file: Callable[[Sandbox, InProcess], int], sandbox: Sandbox, product: InProcess
) -> None:
    gone = '{"error": "RecordNotFound", "description": "Not found"}'
    sandbox.faults.add(Fault(service="zendesk", path=r"/tickets/\d+", status=404, body=gone))
    product.work_until(file(sandbox, product), State.POSTED)


def test_a_ticket_that_stays_away_is_skipped_and_can_be_retried(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    refuse(sandbox, number, "PUT", 404, body='{"error": "RecordNotFound", "description": "Not found"}')
    entry = product.work_until(number, State.SKIPPED)
    assert entry.reason == "Zendesk shows us no such ticket (404): it is deleted, or our user may not see it"
    sandbox.faults.clear()
    assert product.ledger.retry(key(number))
    product.work_until(number, State.POSTED)


def test_an_account_that_is_not_there_holds_every_ticket_and_ends_none(sandbox: Sandbox, product: InProcess) -> None:
    away = json.dumps({"error": {"title": "No help desk at acme.zendesk.com", "message": "There is none."}})
    sandbox.faults.add(Fault(service="zendesk", path="/api/v2/", status=404, body=away, times=None))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    [hold] = working(product, product.ledger.lanes.holds)
    assert "ZENDESK_SUBDOMAIN" in hold.reason
    working(product, lambda: len(sandbox.zendesk.requests) > 15)
    assert product.entry(number).state is State.RECEIVED
    sandbox.faults.clear()
    product.work_until(number, State.POSTED)


# -- The rule itself


def test_success_for_others_since_the_first_refusal_shows_that_it_is_the_tickets_own(product: InProcess) -> None:
    lanes, now = product.ledger.lanes, product.ledger.reader.now()
    one = Entry(key=key(1), received_at=now, entered_at=now, claim=Claim(refused_since=now))
    two = Entry(key=key(2), received_at=now, entered_at=now)
    assert lanes.met("Zendesk", Sign.REFUSED, two) == (False, False)
    assert lanes.met("Zendesk", Sign.REFUSED, one) == (True, False)
    lanes.answered("Zendesk")
    assert lanes.met("Zendesk", Sign.REFUSED, one) == (False, True)
    assert lanes.met("LogRocket", Sign.REFUSED, one) == (False, False)
