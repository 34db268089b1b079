"""Of whom a note is, and of whom there is none: our own people, merged tickets, other identities; over real HTTP."""

from __future__ import annotations

import pytest
from redis import Redis

from integration.cases.entry import State
from integration.settings import Settings, from_environment
from sandbox import Sandbox
from tests.conftest import InProcess, wait_for
from tests.observed import asked
from tests.tickets import key
from tests.whole.test_what_is_asked import demand, notes_on, product_with

ADA, BOB = "ada@shop.example", "bob@shop.example"


# -- Our own people


@pytest.mark.parametrize("question", ["off", "ticket", "What went wrong?"])
@pytest.mark.parametrize("who", ["agent", "suspended"])
def test_agents_and_suspended_users_get_no_note_whatever_is_asked(
    question: str, who: str, sandbox: Sandbox, settings: Settings, port: int
) -> None:
    with product_with(settings, port, question=question) as product:
        if who == "agent":
            number = sandbox.zendesk.file_ticket(requester=sandbox.zendesk.agent_email)
        else:
            number = sandbox.zendesk.file_ticket(requester=BOB, suspended=True)
        entry = product.work_until(number, State.SKIPPED)
    assert who in (entry.reason or "")
    assert asked(sandbox) == []


def test_an_agents_own_ticket_gets_no_note_where_it_was_merged_into(sandbox: Sandbox, product: InProcess) -> None:
    target = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    number = sandbox.zendesk.file_ticket(requester=sandbox.zendesk.agent_email)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    sandbox.zendesk.merge(number, into=target)
    entry = product.work_until(number, State.SKIPPED)
    assert "agent" in (entry.reason or "")
    assert asked(sandbox) == []


def test_a_ticket_that_was_merged_into_one_of_an_agents_gets_its_note_there(
    sandbox: Sandbox, product: InProcess
) -> None:
    target = sandbox.zendesk.file_ticket(requester=sandbox.zendesk.agent_email, subject="All trouble", deliver=False)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    sandbox.zendesk.merge(number, into=target)
    product.work_until(number, State.POSTED)
    assert len(notes_on(sandbox, target)) == 1
    [wish] = asked(sandbox)
    assert (wish["userEmail"], wish.get("question")) == (ADA, None)


# -- Merged tickets of people who are known by an id alone


@pytest.mark.parametrize(("other", "notes"), [("shop|1", 1), ("shop|2", 2), ("Shop|1", 2)])
def test_people_without_addresses_are_told_apart_in_merged_tickets(
    other: str, notes: int, sandbox: Sandbox, environ: dict[str, str], port: int
) -> None:
    with InProcess(from_environment({**environ, "IDENTIFY_BY": "external_id"}), port) as product:
        target = sandbox.zendesk.file_ticket(requester=ADA, external_id="shop|1")
        product.work_until(target, State.POSTED)
        sandbox.logrocket.delay = 1.0
        requester = ADA if other == "shop|1" else BOB
        number = sandbox.zendesk.file_ticket(requester=requester, external_id=other)
        product.work_until(number, State.REQUESTED, State.READY)
        sandbox.zendesk.merge(number, into=target)
        product.work_until(number)
    assert len(notes_on(sandbox, target)) == notes


# -- Several tickets that were merged into one


@pytest.mark.parametrize(("other", "notes"), [(ADA, 1), (BOB, 2)])
def test_of_several_merged_tickets_of_one_person_one_brings_its_note(
    other: str, notes: int, sandbox: Sandbox, product: InProcess
) -> None:
    target = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    numbers = [sandbox.zendesk.file_ticket(requester=requester) for requester in (ADA, other)]
    for number in numbers:
        wait_for(lambda number=number: product.ledger.reader.find(key(number)))  # type: ignore[misc]  # bound at once
    sandbox.zendesk.merge(*numbers, into=target)
    entries = [product.work_until(number) for number in numbers]
    assert len(notes_on(sandbox, target)) == notes
    assert sum(entry.state is State.POSTED for entry in entries) == notes
    if other == ADA:
        [skipped] = [entry for entry in entries if entry.state is State.SKIPPED]
        assert (skipped.reason or "").startswith(f"merged into {target}, which gets the note of ")


def test_a_merged_ticket_brings_its_note_when_that_of_the_one_before_it_came_to_nothing(
    sandbox: Sandbox, product: InProcess, redis: Redis
) -> None:
    sandbox.logrocket.default = "EMPTY"
    target = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    first, second = (sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2))
    wait_for(lambda: product.ledger.reader.find(key(first)) and product.ledger.reader.find(key(second)))
    sandbox.zendesk.merge(first, into=target)
    product.work_until(first, State.EMPTY)
    sandbox.logrocket.default = "READY"
    sandbox.zendesk.merge(second, into=target)
    product.ledger.retry(key(second))
    product.work_until(second, State.POSTED)
    assert len(notes_on(sandbox, target)) == 1
    for number in (first, second):
        product.ledger.forget(key(number))
    assert redis.keys("highlights:merged:*") == []


# -- Of a ticket that is not known any more


def test_a_demand_for_a_ticket_that_redis_forgot_is_about_the_time_until_now(
    sandbox: Sandbox, product: InProcess
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    for name in product.redis.keys(f"*zendesk-{number}"):  # as after RETENTION_DAYS
        product.redis.delete(name)
    sandbox.logrocket.forget_requests()
    assert demand(product, number) == 202
    product.work_until(number, State.POSTED)
    assert all("timeRange" in wish for wish in asked(sandbox))
