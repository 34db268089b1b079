"""Recovery: what Zendesk could not tell us of is found among its tickets, once, quietly, by one worker at a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from redis import Redis

from integration import services
from integration.cases.entry import State
from integration.cases.recovery import Recovery
from integration.settings import Settings, from_environment
from integration.zendesk.settings import OPT_OUT
from sandbox import Fault, Sandbox
from sandbox.zendesk.account import Change
from sandbox.zendesk.delivery import Delivery, Outcome
from sandbox.zendesk.records import now
from tests.conftest import InProcess, Processes, wait_for
from tests.missed import (
    ADA,
    KEYS,
    asked,
    file_undelivered,
    filter_by,
    found,
    know,
    let_pass,
    lost,
    mark,
    no_wait,
    take,
    turns_of,
)
from tests.observed import everything, looks_at_comments
from tests.ports import free_port
from tests.tickets import key, new_ticket
from worker.recovery import Turns, take_in_time


@pytest.fixture
def recovery(product: InProcess) -> Recovery:
    know(product)
    return services.recoveries(product.settings, product.ledger, product.redis, wait=no_wait)["zendesk"]


@pytest.fixture
def turns(product: InProcess) -> Turns:
    know(product)
    return turns_of(product)


# -- It works


@pytest.mark.parametrize("outcome", ["throttled", "circuit broken", "terminated"])
def test_a_delivery_that_failed_in_any_way_ends_in_one_note(
    outcome: Outcome, sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    number = file_undelivered(sandbox, outcome)
    assert product.ledger.reader.find(key(number)) is None
    assert found(recovery.recover(1)) == (1, 0, 0)
    entry = product.work_until(number, State.POSTED)
    assert entry.key == key(number)
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
        recovered = services.recoveries(settings, product.ledger, product.redis, wait=no_wait)["zendesk"].recover(1)
        assert recovered.missed == 7
        assert found(recovered) == (7, 1, 0)
        assert product.ledger.reader.counts()[State.RECEIVED] == len(numbers) == 8


def test_every_page_is_read(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    limits = sandbox.zendesk.desk.limits
    limits.webhook_requests = limits.requests = limits.search_exports = 10_000
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    for _ in range(230):
        sandbox.zendesk.file_ticket(requester=ADA)
    assert found(recovery.recover(1)) == (230, 0, 0)
    assert asked(sandbox, "/invocations?") == 3
    assert product.ledger.reader.counts()[State.RECEIVED] == 230


def test_a_second_webhook_with_our_endpoint_is_read_too(
    sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    sandbox.zendesk.desk.hooks.install(f"{product.settings.public_url}/zendesk/tickets", payload="", event=True)
    sandbox.zendesk.install_webhook("http://127.0.0.1:1/zendesk/tickets")  # of somebody else
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    sandbox.zendesk.file_ticket(requester=ADA)  # both webhooks tell of it
    recovered = recovery.recover(1)
    assert (recovered.sources, recovered.missed) == (2, 2)
    assert found(recovered) == (1, 0, 0)


def test_a_ticket_is_judged_once(sandbox: Sandbox, redis: Redis, recovery: Recovery) -> None:
    number = file_undelivered(sandbox, "throttled")
    assert found(recovery.recover(1)) == (1, 0, 0)
    assert found(recovery.recover(1)) == (0, 1, 0)
    week = 7 * 24 * 3600
    assert redis.ttl(KEYS.recovery_seen(key(number))) > week  # as long as Zendesk's log tells of it


def test_an_older_failure_than_was_asked_for_is_left(sandbox: Sandbox, recovery: Recovery) -> None:
    file_undelivered(sandbox, "throttled")
    let_pass(sandbox, 7200)
    assert found(recovery.recover(1)) == (0, 0, 0)
    assert found(recovery.recover(3)) == (1, 0, 0)


def test_nothing_is_looked_for_while_every_delivery_is_made(
    sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    lost(sandbox)  # somebody switched the trigger off for it
    wait_for(lambda: product.ledger.reader.find(key(number)))
    wait_for(lambda: sandbox.zendesk.deliveries)
    assert found(recovery.recover(1)) == (0, 0, 0)
    assert asked(sandbox, "/search/export") == 0


def test_a_delivery_that_is_under_way_is_no_failure_yet(sandbox: Sandbox, recovery: Recovery) -> None:
    deliverer, hooks = sandbox.zendesk.desk.deliverer, sandbox.zendesk.desk.hooks
    [webhook] = hooks.webhooks.values()
    under_way = Delivery(lost(sandbox), webhook_id=webhook.id)
    deliverer._deliveries[under_way.invocation_id] = under_way
    assert recovery.recover(1).missed == 0
    let_pass(sandbox, 3000)  # it never ended
    assert found(recovery.recover(1)) == (1, 0, 0)


# -- Which export, and how late it is


def test_what_an_agent_may_not_an_admin_may(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    number = file_undelivered(sandbox, "throttled")
    let_pass(sandbox, 300)
    sandbox.faults.add(Fault(service="zendesk", path="/search/export", status=403, times=None))
    assert found(recovery.recover(1)) == (1, 0, 0)
    assert product.ledger.reader.find(key(number)) is not None
    assert asked(sandbox, "/incremental/tickets/cursor") == 2


def test_incremental_exports_keep_to_their_ten_a_minute(
    sandbox: Sandbox, product: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("sandbox.zendesk.api_exports.MAX_EXPORT", 2)  # a page
    sandbox.faults.add(Fault(service="zendesk", path="/search/export", status=403, times=None))
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    for _ in range(30):
        sandbox.zendesk.file_ticket(requester=ADA)
    let_pass(sandbox, 300)
    recovered = services.recoveries(product.settings, product.ledger, product.redis, wait=minutes_pass(sandbox, waits))[
        "zendesk"
    ].recover(1)
    assert found(recovered) == (30, 0, 0)
    assert 429 not in [each.status for each in sandbox.zendesk.requests]
    assert sum(waits) / sum(map(bool, waits)) > 60 / 10


def minutes_pass(sandbox: Sandbox, waits: list[float]) -> Callable[[float], bool]:
    """Lets time pass for Zendesk's limits alone."""

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        for spent in sandbox.zendesk.desk.limits._spent.values():
            shifted = [moment - seconds for moment in spent]
            spent.clear()
            spent.extend(shifted)
        return True

    return wait


def test_a_search_that_lags_loses_no_ticket(sandbox: Sandbox, product: InProcess, turns: Turns) -> None:
    sandbox.zendesk.desk.index_lag = 600
    number = file_undelivered(sandbox, "throttled")
    taken = take(turns)
    assert taken is not None
    assert (found(taken), taken.fresh) == ((0, 0, 0), True)
    let_pass(sandbox, 1200)
    product.redis.delete(KEYS.recovery_lock)
    taken = take(turns)
    assert taken is not None
    assert found(taken) == (1, 0, 0)
    assert product.entry(number).state is State.RECEIVED


def test_without_any_export_it_is_said_who_could(sandbox: Sandbox, recovery: Recovery) -> None:
    file_undelivered(sandbox, "throttled")
    for path in ("/search/export", "/incremental/"):
        sandbox.faults.add(Fault(service="zendesk", path=path, status=403, times=None))
    recovered = recovery.recover(1)
    assert "does not let us look for tickets" in str(recovered.problem)
    assert recovered.until is None


# -- Only what the trigger would have told of


@pytest.mark.parametrize(
    ("condition", "fits", "fits_not"),
    [
        ({"field": "brand_id", "operator": "is", "value": "360001234574"}, {"brand_id": 360001234574}, {}),
        ({"field": "ticket_form_id", "operator": "is", "value": "8646151517829"}, {"form_id": 8646151517829}, {}),
        ({"field": "group_id", "operator": "is_not", "value": "360002345685"}, {}, {"group_id": 360002345685}),
        ({"field": "via_id", "operator": "is", "value": "4"}, {"via": "mail"}, {"via": "chat"}),
        ({"field": "current_tags", "operator": "includes", "value": "vip gold"}, {"tags": ("gold",)}, {}),
        ({"field": "current_tags", "operator": "not_includes", "value": "no_highlights"}, {}, {"tags": (OPT_OUT,)}),
        ({"field": "status", "operator": "less_than", "value": "solved"}, {}, {"status": "solved"}),
        ({"field": "ticket_is_public", "operator": "is", "value": "public"}, {}, {"public": False}),
    ],
)
def test_what_the_trigger_would_not_have_told_of_stays_out(  # noqa: PLR0917 -- parameters and fixtures, by name
    condition: dict[str, object],
    fits: dict[str, Any],
    fits_not: dict[str, Any],
    sandbox: Sandbox,
    product: InProcess,
    recovery: Recovery,
) -> None:
    filter_by(sandbox, condition)
    other, wanted = lost(sandbox, **fits_not), lost(sandbox, **fits)
    fail_a_delivery(sandbox)
    assert recovery.recover(1).taken_in >= 1
    assert product.ledger.reader.find(key(wanted)) is not None
    assert product.ledger.reader.find(key(other)) is None


def fail_a_delivery(sandbox: Sandbox) -> None:
    """Let the log say that deliveries were not made until now."""
    [webhook] = sandbox.zendesk.desk.hooks.webhooks.values()
    failed = Delivery(1, webhook_id=webhook.id, outcome="circuit broken")
    sandbox.zendesk.desk.deliverer._deliveries[failed.invocation_id] = failed


@pytest.mark.parametrize(
    ("first", "taken_in"),
    [("new", 1), ("open", 0)],
)
def test_what_a_ticket_was_when_it_was_created_decides(
    first: str, taken_in: int, sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    filter_by(sandbox, {"field": "status", "operator": "is", "value": "new"})
    number = lost(sandbox, status=first)
    change(sandbox, number, status="pending")
    fail_a_delivery(sandbox)
    assert found(recovery.recover(1)) == (taken_in, 0, 0)
    assert (product.ledger.reader.find(key(number)) is not None) is bool(taken_in)


def change(sandbox: Sandbox, number: int, **fields: str) -> None:
    """An agent changes a ticket, some time after it was created."""
    account = sandbox.zendesk.desk.account
    ticket = account.ticket(number)
    account.put(replace(ticket, created_at=ticket.created_at - timedelta(seconds=10)))
    account.update(number, Change(fields=fields), by=account.agent)


def test_what_cannot_be_told_is_taken_in(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    """A note too many harms nobody; a ticket without one is lost."""
    filter_by(sandbox, {"field": "satisfaction_score", "operator": "is", "value": "good"})
    number = lost(sandbox)
    filter_by(sandbox, {"field": "status", "operator": "is", "value": "new"})
    other = lost(sandbox)
    change(sandbox, other, status="open")
    sandbox.faults.add(Fault(service="zendesk", path="/audits", status=403, times=None))
    fail_a_delivery(sandbox)
    assert found(recovery.recover(1)) == (2, 0, 0)
    assert {key(number), key(other)} <= set(product.ledger.reader.in_state(State.RECEIVED))


def test_a_ticket_from_before_the_trigger_stays_out(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    number = lost(sandbox)
    let_pass(sandbox, 300)
    filter_by(sandbox, created_at=now())
    fail_a_delivery(sandbox)
    assert found(recovery.recover(1)) == (0, 0, 0)
    assert product.ledger.reader.find(key(number)) is None


# -- Credentials that may not read the log


@pytest.fixture
def agents_recovery(sandbox: Sandbox, environ: dict[str, str], product: InProcess) -> Recovery:
    """With the rights of an agent, who sees triggers and tickets, and no webhooks."""
    account = {"ZENDESK_EMAIL": sandbox.zendesk.agent_email, "ZENDESK_API_TOKEN": sandbox.zendesk.api_token}
    own = {name: value for name, value in environ.items() if not name.startswith("ZENDESK_CLIENT")}
    return services.recoveries(from_environment(own | account), product.ledger, product.redis, wait=no_wait)["zendesk"]


def test_an_agent_looks_through_all_tickets(sandbox: Sandbox, product: InProcess, agents_recovery: Recovery) -> None:
    mark(sandbox, product)
    filter_by(sandbox, {"field": "brand_id", "operator": "is", "value": "360001234574"})
    number = file_undelivered_of(sandbox, brand_id=360001234574)
    other = lost(sandbox)
    recovered = agents_recovery.recover(1)
    assert (found(recovered), recovered.missed) == ((1, 0, 0), None)
    assert product.ledger.reader.find(key(number)) is not None
    assert product.ledger.reader.find(key(other)) is None


def file_undelivered_of(sandbox: Sandbox, **facts: Any) -> int:  # noqa: ANN401 -- a ticket's
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    number = sandbox.zendesk.file_ticket(requester=ADA, **facts)
    sandbox.zendesk.desk.deliverer.invocations_a_minute = None
    return number


def test_without_the_log_what_cannot_be_told_is_failed_and_said(
    sandbox: Sandbox, product: InProcess, agents_recovery: Recovery
) -> None:
    mark(sandbox, product)
    filter_by(sandbox, {"field": "satisfaction_score", "operator": "is", "value": "good"})
    number = lost(sandbox)
    recovered = agents_recovery.recover(1)
    assert found(recovered) == (0, 0, 1)
    assert "cannot be judged" in str(recovered.problem)
    assert product.ledger.reader.find(key(number)) is None


def test_without_the_log_and_a_trigger_of_ours_nothing_is_taken_in(
    sandbox: Sandbox, product: InProcess, agents_recovery: Recovery
) -> None:
    number = lost(sandbox)
    assert "nor find our trigger" in str(agents_recovery.recover(1).problem)
    assert product.ledger.reader.find(key(number)) is None


# -- It refuses


def test_what_was_erased_is_not_taken_in_again(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    number = file_undelivered(sandbox, "throttled")
    recovery.recover(1)
    product.ledger.forget(key(number))
    assert found(recovery.recover(1)) == (0, 1, 0)
    assert product.ledger.reader.find(key(number)) is None


def test_a_delivery_that_we_could_not_read_is_made_up_for(
    sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    sandbox.zendesk.install_webhook(f"{product.settings.public_url}/zendesk/tickets", payload="no ticket at all")
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: sandbox.zendesk.deliveries)
    assert found(recovery.recover(1)) == (1, 0, 0)
    assert product.ledger.reader.find(key(number)) is not None


def test_no_ticket_is_taken_in_that_may_be_done_and_forgotten(
    sandbox: Sandbox, environ: dict[str, str], product: InProcess
) -> None:
    number = file_undelivered(sandbox, "throttled")
    let_pass(sandbox, 25 * 3600)
    for days, expected in (("1", (0, 0, 0)), ("2", (1, 0, 0))):
        settings = from_environment(environ | {"RETENTION_DAYS": days})
        assert (
            found(services.recoveries(settings, product.ledger, product.redis, wait=no_wait)["zendesk"].recover(100))
            == expected
        )
        assert (product.ledger.reader.find(key(number)) is not None) is bool(expected[0])


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
    refused = Fault(service="zendesk", path="/api/v2/(webhooks|triggers)", status=status, times=None)
    sandbox.faults.add(refused)
    for _ in range(3):
        taken = take(turns)
        assert taken is not None
        assert taken.stopped is not None
        product.redis.delete(product.settings.keys.recovery_lock)  # ten minutes pass
    said = "".join(capfd.readouterr())
    assert said.count("cannot be recovered") == 1
    assert ("manage webhooks" if status == 403 else "credentials (401)") in said
    assert ADA not in said
    assert product.ledger.lanes.holds() == []  # notes go on

    sandbox.faults.clear()
    taken = take(turns)
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
    stopped = (
        services.recoveries(product.settings, product.ledger, product.redis, wait=three_times)["zendesk"]
        .recover(1)
        .stopped
    )
    assert "stopped before the end" in str(stopped)


# -- One worker at a time


def test_of_two_workers_one_reads_the_log(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    file_undelivered(sandbox, "throttled")
    first, second = turns_of(product), turns_of(product)
    taken = take(first)
    assert taken is not None
    assert found(taken) == (1, 0, 0)
    assert take(second) is None
    assert take(first) is None
    assert 0 < redis.ttl(product.settings.keys.recovery_lock) <= 600


@pytest.mark.parametrize(("what", "seconds"), [("missed", 60), ("stopped", 60), ("nothing", 600)])
def test_where_one_was_missed_or_a_look_was_stopped_the_next_one_comes_sooner(
    sandbox: Sandbox, product: InProcess, redis: Redis, *, what: str, seconds: int
) -> None:
    if what == "missed":
        file_undelivered(sandbox, "throttled")
    if what == "stopped":
        sandbox.faults.add(Fault(service="zendesk", path="/webhooks", status=503))
    assert take(turns_of(product)) is not None
    assert seconds - 20 < redis.ttl(product.settings.keys.recovery_lock) <= seconds


def test_a_worker_goes_on_where_the_last_reading_ended(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    take(turns_of(product))
    redis.delete(product.settings.keys.recovery_lock)
    number = file_undelivered(sandbox, "throttled")
    taken = take(turns_of(product))
    assert taken is not None
    assert found(taken) == (1, 0, 0)
    assert product.entry(number).state is State.RECEIVED


def test_an_account_without_our_webhook_is_told_in_plain_words(
    sandbox: Sandbox, turns: Turns, capfd: pytest.CaptureFixture[str]
) -> None:
    sandbox.zendesk.desk.hooks.webhooks.clear()
    take(turns)
    assert "no webhook in Zendesk has our endpoint" in "".join(capfd.readouterr())


# -- It survives


def test_a_log_that_does_not_answer_stops_nothing(sandbox: Sandbox, product: InProcess, turns: Turns) -> None:
    number = file_undelivered(sandbox, "throttled")
    sandbox.faults.add(Fault(service="zendesk", path="/invocations", drop="after"))
    taken = take(turns)
    assert taken is not None
    assert "did not answer" in str(taken.stopped)
    product.redis.delete(product.settings.keys.recovery_lock)
    assert take(turns) is not None
    assert product.entry(number).state is State.RECEIVED


def test_a_look_that_was_interrupted_is_not_done(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    """Two hours were missed; the look breaks off in the second one, and goes on there."""
    know(product)
    first = file_undelivered(sandbox, "throttled")
    let_pass(sandbox, 5 * 3600)
    second = file_undelivered(sandbox, "throttled")
    let_pass(sandbox, 3 * 3600)
    sandbox.faults.add(Fault(service="zendesk", path="/search/export", after=2, drop="before", times=None))
    taken = take(turns_of(product))
    assert taken is not None
    assert (taken.stopped is not None, taken.taken_in) == (True, 1)
    assert product.ledger.reader.find(key(first)) is not None
    assert product.ledger.reader.find(key(second)) is None
    done = cast("bytes", redis.get(KEYS.recovery_done))
    assert product.ledger.reader.now() - float(done) == pytest.approx(8 * 3600, abs=60)

    sandbox.faults.clear()
    redis.delete(KEYS.recovery_lock)
    taken = take(turns_of(product))
    assert taken is not None
    assert found(taken) == (1, 1, 0)
    assert product.ledger.reader.find(key(second)) is not None
    assert product.ledger.reader.now() - float(cast("bytes", redis.get(KEYS.recovery_done))) < 60


def test_a_look_that_never_came_to_a_ticket_counts_for_nothing(
    sandbox: Sandbox, product: InProcess, turns: Turns, redis: Redis
) -> None:
    file_undelivered(sandbox, "throttled")
    for path in ("/webhooks", "/search/export"):
        sandbox.faults.add(Fault(service="zendesk", path=path, status=503, times=1))
        assert take(turns) is not None
        assert redis.get(KEYS.recovery_done) is None
        redis.delete(KEYS.recovery_lock)
    assert product.ledger.reader.counts()[State.RECEIVED] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/invocations", "{}"),
        ("/invocations", '{"invocations": null}'),
        ("/invocations", '{"invocations": [1]}'),
        ("/invocations", '{"invocations": [], "meta": {"has_more": true}}'),
        ("/webhooks", '{"webhooks": [{}]}'),
        ("/triggers", "[]"),
        ("/search/export", '{"results": {}}'),
    ],
)
def test_an_answer_that_cannot_be_read_is_no_empty_one(
    path: str, body: str, sandbox: Sandbox, turns: Turns, redis: Redis
) -> None:
    file_undelivered(sandbox, "throttled")
    sandbox.faults.add(Fault(service="zendesk", path=path + r"\?", status=200, body=body, times=None))
    taken = take(turns)
    assert taken is not None
    assert "cannot be read" in str(taken.problem)
    assert redis.get(KEYS.recovery_done) is None
    assert "cannot be read" in str(redis.get(KEYS.recovery_trouble))


@pytest.mark.parametrize("record", [{"id": None}, {"id": "7"}, {"id": True}, {"created_at": None}, {"created_at": "x"}])
def test_a_ticket_that_cannot_be_read_is_failed(
    record: dict[str, object], sandbox: Sandbox, recovery: Recovery
) -> None:
    file_undelivered(sandbox, "throttled")
    whole = {"id": 7, "created_at": f"{now():%Y-%m-%dT%H:%M:%SZ}"} | record
    body = json.dumps({"results": [whole], "meta": {"has_more": False}})
    sandbox.faults.add(Fault(service="zendesk", path="/search/export", status=200, body=body, times=None))
    recovered = recovery.recover(1)
    assert found(recovered) == (0, 0, 1)
    assert recovered.problem is not None


def test_a_log_row_without_a_time_is_of_any_time(sandbox: Sandbox, product: InProcess, recovery: Recovery) -> None:
    number = lost(sandbox)
    let_pass(sandbox, 2000)
    body = json.dumps({"invocations": [{"id": "x", "status": "server error"}], "meta": {"has_more": False}})
    sandbox.faults.add(Fault(service="zendesk", path="/invocations", status=200, body=body))
    assert found(recovery.recover(1)) == (1, 0, 0)
    assert product.ledger.reader.find(key(number)) is not None


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

    sandbox.faults.add(Fault(service="zendesk", path="/search/", status=429, headers={"Retry-After": "7"}, times=2))
    recovered = services.recoveries(product.settings, product.ledger, product.redis, wait=wait)["zendesk"].recover(1)
    assert found(recovered) == (1, 0, 0)
    assert waits.count(7.0) == 2
    assert product.ledger.reader.find(key(number)) is not None


@pytest.mark.parametrize(("limit", "path"), [("webhook_requests", "/webhooks"), ("requests", "/api/")])
def test_people_keep_a_quarter_of_the_limit(limit: str, path: str, sandbox: Sandbox, product: InProcess) -> None:
    setattr(sandbox.zendesk.desk.limits, limit, 8)
    waits: list[float] = []
    filter_by(sandbox, {"field": "status", "operator": "is", "value": "new"})
    for _ in range(10):  # each is asked for what it was when it was created
        change(sandbox, file_undelivered(sandbox, "throttled"), status="open")
    recovery = services.recoveries(product.settings, product.ledger, product.redis, wait=minutes_pass(sandbox, waits))[
        "zendesk"
    ]
    for _ in range(4):
        assert recovery.recover(1).problem is None
    assert product.ledger.reader.counts()[State.RECEIVED] == 10
    assert 429 not in [each.status for each in sandbox.zendesk.requests if path in each.path]
    assert any(waits)


def test_a_recovered_ticket_gets_no_second_note_when_redis_was_emptied_meanwhile(
    sandbox: Sandbox, product: InProcess, recovery: Recovery, redis: Redis
) -> None:
    number = file_undelivered(sandbox, "throttled")
    recovery.recover(1)
    first = product.work_until(number, State.POSTED)
    redis.flushall()
    assert found(recovery.recover(1)) == (1, 0, 0)  # nobody remembers that it was taken in
    again = product.work_until(number, State.POSTED)
    assert again.note.id == first.note.id
    assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert len(looks_at_comments(sandbox)) >= 1


def test_a_ticket_that_a_delivery_told_of_meanwhile_is_known(
    sandbox: Sandbox, product: InProcess, recovery: Recovery
) -> None:
    number = file_undelivered(sandbox, "throttled")
    product.ledger.receive(new_ticket(number, email=ADA))
    assert found(recovery.recover(1)) == (0, 1, 0)
