"""What Prometheus gets: right across processes, and counted by what happens anyway."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis

from integration.cases import counters
from integration.cases.entry import State
from integration.cases.ledger import Received
from integration.web.app import create_app
from sandbox import Fault, Sandbox
from tests.admin import Admin, fail_one, file_one
from tests.conftest import ROOT, InProcess
from tests.tickets import new_ticket

ADA = "ada@shop.example"


def scrape(admin: Admin) -> dict[str, float]:
    """Each sample's value by its name and labels, as PromQL writes them."""
    text = admin.page("/metrics")
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name.removeprefix('highlights_')}{{{labels}}}"] = sample.value
    return found


# -- It works


def test_an_empty_ledger_has_every_metric(admin: Admin) -> None:
    found = scrape(admin)
    assert {found[f"tickets{{state={state}}}"] for state in State} == {0}
    assert found["oldest_waiting_seconds{}"] == 0
    assert found["queue_jobs{status=waiting}"] == 0
    assert found["credentials_refused{service=Zendesk}"] == 0
    assert found["tickets_received_total{}"] == 0
    assert found["note_wait_seconds_count{}"] == 0
    assert found["logrocket_requests_limit{}"] == 1000


def test_the_way_of_a_ticket_is_counted(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = file_one(product, sandbox)
    product.ledger.write_counts()  # of calls that other tests made in this process
    before = scrape(admin)
    assert before["tickets{state=received}"] == 1
    assert before["queue_jobs{status=waiting}"] == 1
    assert before["oldest_waiting_seconds{}"] > 0
    product.work_until(ticket_id, State.POSTED)

    found = scrape(admin)
    assert found["tickets{state=posted}"] == 1
    assert found["tickets_received_total{}"] == 1
    entered = {state: found[f"tickets_entered_total{{state={state}}}"] for state in State}
    assert entered == {**dict.fromkeys(State, 0), State.REQUESTED: 1, State.READY: 1, State.POSTED: 1}

    def gained(name: str) -> float:
        return found[name] - before.get(name, 0)

    assert gained("remote_calls_total{service=Zendesk,status=201}") == 1  # a token
    assert gained("remote_calls_total{service=Zendesk,status=200}") == 2  # the ticket, and the note
    assert gained("remote_calls_total{service=LogRocket,status=200}") == 1
    for step in ("request_highlights", "post_note"):
        assert gained(f"step_seconds_count{{step={step}}}") == 1
        assert gained(f"step_seconds_bucket{{le=+Inf,step={step}}}") == 1
        assert 0 < gained(f"step_seconds_sum{{step={step}}}") < 20
    assert gained("note_wait_seconds_bucket{le=30.0}") == 1
    assert gained("note_wait_seconds_bucket{le=+Inf}") == 1
    assert found["logrocket_requests_last_hour{}"] == 1


def test_a_ticket_that_is_delivered_twice_is_counted_once(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = file_one(product, sandbox)
    assert product.ledger.receive(new_ticket(ticket_id)) is Received.KNOWN
    assert scrape(admin)["tickets_received_total{}"] == 1


def test_refused_lost_and_impossible_calls_are_counted_apart(
    admin: Admin, product: InProcess, sandbox: Sandbox
) -> None:
    fail_one(product, sandbox)
    sandbox.faults.add(Fault(service="logrocket", method="POST", drop="after"))
    product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    found = scrape(admin)
    assert found["remote_calls_total{service=LogRocket,status=400}"] == 2  # with its question, and without
    assert found["remote_calls_total{service=LogRocket,status=unanswered}"] == 1
    assert found["tickets_entered_total{state=failed}"] == 1
    assert found["tickets_entered_total{state=received}"] == 0  # the step that was repeated entered nothing


def test_a_hold_is_told(admin: Admin, product: InProcess) -> None:
    product.ledger.lanes.hold("Zendesk", "Zendesk refuses our credentials (401)")
    product.ledger.lanes.pause("LogRocket", 60)
    found = scrape(admin)
    assert found["credentials_refused{service=Zendesk}"] == 1
    assert found["credentials_refused{service=LogRocket}"] == 0
    assert 50 < found["closed_seconds{service=LogRocket}"] <= 60


def test_every_process_tells_the_same(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    other = create_app(product.settings).test_client()
    told = other.get("/metrics", auth=admin.session.auth).text
    counters = [line for line in told.splitlines() if "_total" in line or "_bucket" in line]
    assert counters
    assert set(counters) <= set(admin.page("/metrics").splitlines())


def test_prometheus_may_ask_for_openmetrics(admin: Admin) -> None:
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    answer = admin.session.get(f"{admin.url}/metrics", headers=accept, timeout=5)
    assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert "Set-Cookie" not in answer.headers


def test_nothing_of_a_person_or_a_ticket_is_in_it(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(ticket_id, State.POSTED)
    text = admin.page("/metrics")
    assert "@" not in text
    assert str(ticket_id) not in text


def test_the_alerts_of_the_documents_ask_for_what_there_is(admin: Admin) -> None:
    alerts = (ROOT / "docs/alerts.md").read_text()
    asked = set(re.findall(r"highlights_[a-z_]+", alerts))
    told = re.findall(r"^# TYPE (\w+) (\w+)", admin.page("/metrics"), re.MULTILINE)
    names = {name for name, _ in told}
    names |= {f"{name}_{part}" for name, kind in told if kind == "histogram" for part in ("bucket", "count", "sum")}
    assert len(asked) > 8
    assert asked <= names


# -- It survives


def test_counts_that_cannot_be_kept_stop_no_ticket(
    product: InProcess, sandbox: Sandbox, redis: Redis, admin: Admin
) -> None:
    redis.set("highlights:metrics", "no hash")
    ticket_id = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(ticket_id, State.POSTED)
    redis.delete("highlights:metrics")
    product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    assert scrape(admin)["note_wait_seconds_count{}"] == 2  # the first one was kept in the process


@pytest.mark.parametrize("field", [b"calls:a:b:c", b"unheard-of", b"entered", b"step:\xff:1", b"calls"])
def test_a_field_that_is_not_known_is_passed_over(field: bytes) -> None:
    counted = counters.read({field: b"1", b"received": b"2"})
    assert counted.received == 2
    assert not counted.calls
    assert not counted.entered


def test_a_bucket_holds_those_below_it() -> None:
    stored = {b"wait:30.0": b"2", b"wait:120.0": b"1", b"wait:+Inf": b"4", b"wait:ms": b"1500"}
    wait = counters.read(stored).wait
    assert dict(wait.buckets) == {
        "30.0": 2,
        "60.0": 2,
        "120.0": 3,
        "180.0": 3,
        "300.0": 3,
        "600.0": 3,
        "1800.0": 3,
        "3600.0": 3,
        "14400.0": 3,
        "86400.0": 3,
        "+Inf": 7,
    }
    assert wait.seconds == 1.5
