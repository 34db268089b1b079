"""Recovery: what Zendesk could not deliver is taken in from its own log, once, quietly, by one worker at a time."""

from __future__ import annotations

import json
import time

import pytest
from redis import Redis

from integration.entry import State
from integration.recovery import Recovered, Recovery
from integration.settings import Settings
from integration.zendesk.webhook import NewTicket
from sandbox import Fault, Sandbox
from sandbox.zendesk.delivery import Outcome
from tests.conftest import InProcess, Processes, free_port, wait_for
from tests.test_the_way_of_a_ticket import everything, looks_at_comments
from worker.recovery import Turns, take_in_time

ADA = "ada@shop.example"


def no_wait(_: float) -> bool:
    return True


@pytest.fixture
def recovery(product: InProcess) -> Recovery:
    return Recovery(product.settings, product.ledger, product.redis, wait=no_wait)


@pytest.fixture
def turns(product: InProcess) -> Turns:
    return turns_of(product)


def turns_of(product: InProcess) -> Turns:
    """The recovery of one more worker."""
    return Turns(product.settings, product.ledger, product.redis, alive=lambda: True)


def file_undelivered(sandbox: Sandbox, outcome: Outcome) -> int:
    """A ticket whose delivery came to `outcome`: it was never made, or refused because the secret is another one."""
    deliverer, hooks, before = sandbox.zendesk.desk.deliverer, sandbox.zendesk.desk.hooks, sandbox.zendesk.deliveries
    webhooks = hooks.webhooks.copy()
    match outcome:
        case "throttled":
            deliverer.invocations_a_minute = 0
        case "circuit broken":
            deliverer._broken_until = dict.fromkeys(webhooks, time.monotonic() + 60)
        case _:
            for each in webhooks:
                hooks.reset_secret(each)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: len(sandbox.zendesk.deliveries) > len(before))
    deliverer.invocations_a_minute = None
    deliverer._broken_until.clear()
    hooks.webhooks.update(webhooks)
    assert sandbox.zendesk.deliveries[-1].outcome == outcome
    return number


def found(recovered: Recovered) -> tuple[int, int, int]:
    assert recovered.stopped is None
    return recovered.taken_in, recovered.known, recovered.unreadable


def attempts_asked(sandbox: Sandbox) -> int:
    return sum(each.path.endswith("/attempts") for each in sandbox.zendesk.requests)


# -- It works


@pytest.mark.parametrize("outcome", ["throttled", "circuit broken", "terminated"])
def test_a_delivery_that_failed_in_any_way_ends_in_one_note(
    outcome: Outcome, sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    number = file_undelivered(sandbox, outcome)
    assert product.ledger.find(number) is None
    assert found(recovery.recover(1)) == (1, 0, 0)
    entry = product.work_until(number, State.POSTED)
    assert entry.ticket_id == number
    assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert found(recovery.recover(1)) == (0, 1, 0)


def test_the_breaker_that_a_web_process_opened_by_being_away_loses_nothing(
    sandbox: Sandbox, processes: Processes, settings: Settings
) -> None:
    """The web process is away, the breaker opens, the process is back, the breaker still open, then closed."""
    deliverer = sandbox.zendesk.desk.deliverer
    deliverer.breaker_least, deliverer.breaker_pause, deliverer.retry_pace = 5, 60.0, 0.5
    numbers = []

    def file() -> str | None:
        before = len(sandbox.zendesk.deliveries)
        numbers.append(sandbox.zendesk.file_ticket(requester=ADA))
        wait_for(lambda: len(sandbox.zendesk.deliveries) > before)
        return sandbox.zendesk.deliveries[-1].outcome

    assert [file() for _ in range(5)] == ["terminated"] * 5
    assert file() == "circuit broken"
    processes.start("web")
    assert file() == "circuit broken"
    deliverer.retry_pace = 0.001  # the breaker's pause is over
    deliverer._broken_until = {key: time.monotonic() for key in deliverer._broken_until}
    assert file() == "success"

    with InProcess(settings, free_port()) as product:
        recovered = Recovery(settings, product.ledger, product.redis, wait=no_wait).recover(1)
        assert found(recovered) == (7, 0, 0)
        assert product.ledger.counts()[State.RECEIVED] == len(numbers) == 8


def test_every_page_of_the_log_is_read(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    sandbox.zendesk.desk.limits.webhook_requests = 1000
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    for _ in range(230):
        sandbox.zendesk.file_ticket(requester=ADA)
    assert found(recovery.recover(1)) == (230, 0, 0)
    assert sum("/invocations?" in each.path for each in sandbox.zendesk.requests) == 3
    assert product.ledger.counts()[State.RECEIVED] == 230


def test_a_second_webhook_with_our_endpoint_is_read_too(
    sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    sandbox.zendesk.desk.hooks.install(f"{product.settings.public_url}/zendesk/tickets", payload="", event=True)
    sandbox.zendesk.install_webhook("http://127.0.0.1:1/zendesk/tickets")  # of somebody else
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    sandbox.zendesk.file_ticket(requester=ADA)  # both webhooks tell of it
    recovered = recovery.recover(1)
    assert recovered.webhooks == 2
    assert found(recovered) == (1, 1, 0)


def test_a_delivery_is_read_once(sandbox: Sandbox, recovery: Recovery) -> None:
    file_undelivered(sandbox, "throttled")
    for _ in range(3):
        recovery.recover(1)
    assert attempts_asked(sandbox) == 1


def test_an_older_failure_than_was_asked_for_is_left(sandbox: Sandbox, recovery: Recovery) -> None:
    file_undelivered(sandbox, "throttled")
    time.sleep(1.1)  # Zendesk's filter knows whole seconds
    assert found(recovery.recover(0.000_01)) == (0, 0, 0)


# -- It refuses


def test_what_was_erased_is_not_taken_in_again(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    number = file_undelivered(sandbox, "throttled")
    recovery.recover(1)
    product.ledger.forget(number)
    assert found(recovery.recover(1)) == (0, 1, 0)
    assert product.ledger.find(number) is None


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"type": "zen:event-type:ticket.status_changed", "detail": {"id": "1"}}', (0, 0, 0)),
        ("no ticket at all", (0, 0, 1)),
        ('{"ticket_id": "0"}', (0, 0, 1)),
        ("\x00\ud800", (0, 0, 1)),
        ("[" * 10_000, (0, 0, 1)),
        ('{"ticket_id": "77", "requester_external_id": "a "quote""}', (1, 0, 0)),
    ],
    ids=["another event", "text", "no id", "no text", "deep", "broken by a quote"],
)
def test_a_payload_that_tells_of_no_ticket_is_passed_over(
    payload: str, expected: tuple[int, int, int], sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    endpoint = f"{product.settings.public_url}/zendesk/tickets"
    sandbox.zendesk.install_webhook(endpoint, payload=payload)
    number = file_undelivered(sandbox, "throttled")
    assert found(recovery.recover(1)) == expected
    assert found(recovery.recover(1)) == (0, *expected[:1], *expected[2:])  # remembered
    assert product.ledger.find(number) is None


def test_nothing_personal_is_remembered_of_a_delivery(
    sandbox: Sandbox, product: InProcess, recovery: Recovery, redis: Redis
) -> None:
    number = file_undelivered(sandbox, "throttled")
    recovery.recover(1)
    product.work_until(number, State.POSTED)
    assert ADA not in everything(redis)


@pytest.mark.parametrize("status", [401, 403])
def test_a_missing_permission_is_said_once_and_the_worker_goes_on(
    status: int, sandbox: Sandbox, product: InProcess, turns: Turns, capfd: pytest.CaptureFixture[str]
) -> None:
    file_undelivered(sandbox, "throttled")
    refused = Fault(service="zendesk", path="/webhooks", status=status, times=None)
    sandbox.faults.add(refused)
    for _ in range(3):
        taken = turns.take()
        assert taken is not None
        assert taken.stopped is not None
        product.redis.delete(product.settings.keys.recovery_lock)  # ten minutes pass
    said = "".join(capfd.readouterr())
    assert said.count("failed deliveries cannot be recovered") == 1
    assert "webhooks:read" in said
    assert ADA not in said
    assert product.ledger.lanes.holds() == []  # notes go on

    sandbox.faults.clear()
    taken = turns.take()
    assert taken is not None
    assert found(taken) == (1, 0, 0)


def test_a_log_without_end_is_not_read_for_ever(sandbox: Sandbox, product: InProcess) -> None:
    calls: list[float] = []

    def three_times(seconds: float) -> bool:
        calls.append(seconds)
        return len(calls) < 4

    page = {"webhooks": [], "meta": {"has_more": True, "after_cursor": "x"}}
    for number in range(10):
        answer = json.dumps(page | {"meta": {"has_more": True, "after_cursor": str(number)}})
        sandbox.faults.add(Fault(service="zendesk", path="/webhooks", status=200, body=answer))
    stopped = Recovery(product.settings, product.ledger, product.redis, wait=three_times).recover(1).stopped
    assert "stopped before the end" in str(stopped)


# -- One worker at a time


def test_of_two_workers_one_reads_the_log(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    file_undelivered(sandbox, "throttled")
    first, second = turns_of(product), turns_of(product)
    taken = first.take()
    assert taken is not None
    assert found(taken) == (1, 0, 0)
    assert second.take() is None
    assert first.take() is None
    assert 0 < redis.ttl(product.settings.keys.recovery_lock) <= 600


def test_a_worker_goes_on_where_the_last_reading_ended(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    turns_of(product).take()
    redis.delete(product.settings.keys.recovery_lock)
    number = file_undelivered(sandbox, "throttled")
    taken = turns_of(product).take()
    assert taken is not None
    assert found(taken) == (1, 0, 0)
    assert product.entry(number).state is State.RECEIVED


def test_an_account_without_our_webhook_is_told_in_plain_words(
    sandbox: Sandbox, turns: Turns, capfd: pytest.CaptureFixture[str]
) -> None:
    sandbox.zendesk.desk.hooks.webhooks.clear()
    turns.take()
    assert "no webhook in Zendesk has our endpoint" in "".join(capfd.readouterr())


# -- It survives


def test_a_log_that_does_not_answer_stops_nothing(sandbox: Sandbox, product: InProcess, turns: Turns) -> None:
    number = file_undelivered(sandbox, "throttled")
    sandbox.faults.add(Fault(service="zendesk", path="/attempts", drop="after"))
    taken = turns.take()
    assert taken is not None
    assert "did not answer" in str(taken.stopped)
    product.redis.delete(product.settings.keys.recovery_lock)
    assert turns.take() is not None
    assert product.entry(number).state is State.RECEIVED


def test_a_log_that_drips_is_left_in_time(
    sandbox: Sandbox, product: InProcess, turns: Turns, capfd: pytest.CaptureFixture[str]
) -> None:
    number = file_undelivered(sandbox, "throttled")
    sandbox.faults.add(Fault(service="zendesk", path="/webhooks", drip="headers"))
    take_in_time(turns, seconds=1)
    assert "takes too long" in "".join(capfd.readouterr())
    product.redis.delete(product.settings.keys.recovery_lock)
    take_in_time(turns, seconds=20)
    assert product.entry(number).state is State.RECEIVED


def test_429_is_waited_out(sandbox: Sandbox, product: InProcess) -> None:
    number = file_undelivered(sandbox, "throttled")
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return True

    sandbox.faults.add(Fault(service="zendesk", path="/attempts", status=429, headers={"Retry-After": "7"}, times=2))
    recovered = Recovery(product.settings, product.ledger, product.redis, wait=wait).recover(1)
    assert found(recovered) == (1, 0, 0)
    assert waits.count(7.0) == 2
    assert product.ledger.find(number) is not None


def test_people_keep_a_quarter_of_the_limit(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.zendesk.desk.limits.webhook_requests = 20
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    for _ in range(30):
        sandbox.zendesk.file_ticket(requester=ADA)
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if seconds:
            sandbox.zendesk.desk.limits.forget()  # a minute passes
        return True

    recovered = Recovery(product.settings, product.ledger, product.redis, wait=wait).recover(1)
    assert found(recovered) == (30, 0, 0)
    asked = [each.status for each in sandbox.zendesk.requests if "/webhooks" in each.path]
    assert 429 not in asked
    assert sum(map(bool, waits)) == 2


def test_a_recovered_ticket_gets_no_second_note_when_redis_was_emptied_meanwhile(
    sandbox: Sandbox, product: InProcess, recovery: Recovery, redis: Redis
) -> None:
    number = file_undelivered(sandbox, "throttled")
    recovery.recover(1)
    first = product.work_until(number, State.POSTED)
    redis.flushall()
    assert found(recovery.recover(1)) == (1, 0, 0)  # nobody remembers that it was taken in
    again = product.work_until(number, State.POSTED)
    assert again.comment_id == first.comment_id
    assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert len(looks_at_comments(sandbox)) >= 1


def test_a_ticket_that_a_delivery_told_of_meanwhile_is_known(
    sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    number = file_undelivered(sandbox, "throttled")
    product.ledger.receive(NewTicket(ticket_id=number, email=ADA))
    assert found(recovery.recover(1)) == (0, 1, 0)
