"""What LogRocket is asked of a case, about which time and of whom: real HTTP, Redis and RQ, the product here."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests

from integration.cases.entry import Entry, State
from integration.facts import CaseSettings
from integration.settings import Settings, from_environment
from integration.zendesk import webhook
from integration.zendesk.settings import ZendeskSettings
from sandbox import Fault, Sandbox
from sandbox.zendesk.records import BRANDS
from tests.conftest import InProcess, Processes, wait_for
from tests.observed import asked, everything, polls, updates
from tests.tickets import key, new_ticket

ADA = "ada@shop.example"
NOTHING: dict[str, Any] = {"highlights": "", "sessions": []}
FOUND: dict[str, Any] = {
    "highlights": "Ada shops.",
    "sessions": [{"recordingID": "5-1", "sessionID": 0, "highlights": "Ada pays."}],
}
HOUR = 3600


@contextmanager
def product_with(settings: Settings, port: int, **wishes: Any) -> Iterator[InProcess]:  # noqa: ANN401 -- of CaseSettings
    """The product with some of the settings of cases changed."""
    with InProcess(replace(settings, cases=replace(settings.cases, **wishes)), port) as product:
        yield product


def reads(sandbox: Sandbox) -> list[str]:
    """What Zendesk was asked about tickets."""
    found = [request for request in sandbox.zendesk.requests if request.method == "GET"]
    return [request.path for request in found if "/tickets/" in request.path]


def notes_on(sandbox: Sandbox, number: int) -> list[str]:
    """Our notes on a ticket, and not what a merge has copied of one."""
    notes = sandbox.zendesk.internal_notes(number)
    return [note.html_body for note in notes if note.via.channel == "api" and "Highlights request " in note.html_body]


def note_on(sandbox: Sandbox, number: int) -> str:
    [note] = notes_on(sandbox, number)
    return note


# -- It costs no more than it must


def test_the_usual_way_is_one_read_and_one_write_in_zendesk_and_one_call_to_logrocket(
    sandbox: Sandbox, product: InProcess
) -> None:
    product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)  # with the token that both need
    sandbox.zendesk.forget_requests()
    sandbox.logrocket.forget_requests()
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert [(request.method, request.path.partition("?")[0]) for request in sandbox.zendesk.requests] == [
        ("GET", f"/api/v2/tickets/{number}"),
        ("PUT", f"/api/v2/tickets/{number}.json"),
    ]
    assert [request.method for request in sandbox.logrocket.requests] == ["POST"]


@pytest.mark.parametrize(("question", "sent"), [("off", None), ("What went wrong?", "What went wrong?")])
def test_without_a_question_of_the_tickets_own_zendesk_is_read_for_who_asks_alone(
    question: str, sent: str | None, sandbox: Sandbox, settings: Settings, port: int
) -> None:
    with product_with(settings, port, question=question) as product:
        product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    assert len(reads(sandbox)) == 1
    assert [wish.get("question") for wish in asked(sandbox)] == [sent]


# -- The question


def test_the_question_is_the_tickets_without_personal_data_and_is_kept_nowhere(
    sandbox: Sandbox, product: InProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.logrocket.callbacks = "none"
    number = sandbox.zendesk.file_ticket(
        requester=ADA,
        name="Ada Example",
        subject="Zwiebelkuchen cannot be ordered",
        description="Hi team,\n\npaying with 4111 1111 1111 1111 it says Brotzeit error.\n\nBest regards\nAda Example",
    )
    product.work_until(number, State.REQUESTED)
    stored = everything(product.redis)
    [request_id] = sandbox.logrocket.results
    assert sandbox.logrocket.call_back(request_id) == 202
    product.work_until(number, State.POSTED)
    [wish] = asked(sandbox)
    assert "Zwiebelkuchen cannot be ordered" in wish["question"]
    assert "[card] it says Brotzeit error" in wish["question"]
    assert not any(word in wish["question"] for word in ("4111", "Ada Example", "Hi team"))
    told = stored + everything(product.redis) + capsys.readouterr().err
    assert not any(word in told for word in ("Zwiebelkuchen", "Brotzeit", "4111 1111"))


def test_a_logrocket_that_knows_no_questions_is_asked_without_for_a_day(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.knows_question = False
    for _ in range(2):
        product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    assert ["question" in wish for wish in asked(sandbox)] == [True, False, False]
    name = product.ledger.keys.no_question("LogRocket")
    assert 86400 - 60 < product.redis.ttl(name) <= 86400
    assert product.redis.zcard(product.ledger.keys.asked) == 3
    product.redis.delete(name)
    sandbox.logrocket.knows_question = True
    product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    assert "question" in asked(sandbox)[-1]


# -- The time


def test_logrocket_looks_from_lookback_before_the_creation_until_lookahead_after(
    sandbox: Sandbox, product: InProcess
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    [ticket] = sandbox.zendesk.tickets()
    product.work_until(number, State.POSTED)
    [wish] = asked(sandbox)
    created = int(ticket.created_at.timestamp())
    assert wish["timeRange"] == {"startMs": (created - 72 * HOUR) * 1000, "endMs": (created + 600) * 1000}


def test_without_lookback_logrocket_looks_wherever_it_likes(sandbox: Sandbox, settings: Settings, port: int) -> None:
    with product_with(settings, port, lookback_seconds=0.0) as product:
        product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    [wish] = asked(sandbox)
    assert "timeRange" not in wish


def test_each_identity_is_looked_for_around_the_creation_then_the_first_at_any_time(
    sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.logrocket.highlights_for = lambda wish: NOTHING if "timeRange" in wish else FOUND
    number = sandbox.zendesk.file_ticket(requester=ADA, external_id="shop|42")
    entry = product.work_until(number, State.POSTED)
    who = [(wish.get("userEmail"), wish.get("userID"), "timeRange" in wish) for wish in asked(sandbox)]
    assert who == [(ADA, None, True), (None, "shop|42", True), (ADA, None, False)]
    assert len(entry.request.old_ids) == 2
    assert "older" in note_on(sandbox, number)


def test_after_the_last_look_a_case_without_sessions_is_empty(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.default = "EMPTY"
    entry = product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.EMPTY)
    assert len(asked(sandbox)) == 2
    assert entry.people == ()
    assert sandbox.zendesk.internal_notes() == []


def test_the_first_job_waits_for_the_delay(sandbox: Sandbox, settings: Settings, port: int) -> None:
    delayed = replace(settings, cases=replace(settings.cases, delay_seconds=1.5))
    with InProcess(delayed, port) as product:
        number = sandbox.zendesk.file_ticket(requester=ADA)
        entry = wait_for(lambda: product.ledger.reader.find(key(number)))
        assert 1.0 < entry.claim.not_before - entry.received_at <= 1.5
        product.work()
        assert product.entry(number).state is State.RECEIVED
        entry = product.work_until(number, State.POSTED)
    [_, (requested, _), *_] = entry.history
    assert requested - entry.received_at >= 1.0


def test_a_case_whose_delay_has_passed_is_asked_about_at_once(sandbox: Sandbox, settings: Settings, port: int) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    with product_with(settings, port, delay_seconds=30.0) as product:
        product.ledger.receive(replace(new_ticket(number, email=ADA), created=time.time() - 40), recovered=True)
        product.work_until(number, State.POSTED)


# -- The project


def test_a_case_goes_to_the_project_of_its_brand_whose_refusal_holds_no_other(
    sandbox: Sandbox, environ: dict[str, str], port: int
) -> None:
    brand, name = max(BRANDS.items())
    outlet = "acme/outlet"
    rules = f"brand:{name}={outlet}:{sandbox.logrocket.keys[outlet]}"
    sandbox.logrocket.refused_projects.add(outlet)
    with InProcess(from_environment({**environ, "LOGROCKET_PROJECTS": rules}), port) as product:
        other = sandbox.zendesk.file_ticket(requester=ADA, brand_id=brand)
        product.work()
        usual = sandbox.zendesk.file_ticket(requester=ADA)
        product.work_until(usual, State.POSTED)
        waiting = product.work_until(other, State.RECEIVED)
        assert waiting.request.project == "LogRocket acme/outlet"
        assert {hold.service for hold in product.ledger.lanes.holds()} == {"LogRocket acme/outlet"}
        sandbox.logrocket.refused_projects.clear()
        product.work_until(other, State.POSTED)
        assert product.ledger.lanes.holds() == []
    assert "/acme/outlet/sessions?" in note_on(sandbox, other)
    assert "/acme/shop/sessions?" in note_on(sandbox, usual)


def test_a_request_of_a_worker_that_was_killed_is_collected_where_it_was_made(
    sandbox: Sandbox, environ: dict[str, str], port: int
) -> None:
    brand, name = max(BRANDS.items())
    outlet = "acme/outlet"
    rules = f"brand:{name}={outlet}:{sandbox.logrocket.keys[outlet]}"
    sandbox.logrocket.callbacks = "none"
    with InProcess(from_environment({**environ, "LOGROCKET_PROJECTS": rules}), port) as product:
        number = sandbox.zendesk.file_ticket(requester=ADA, brand_id=brand)
        claimed = wait_for(lambda: product.ledger.claim(key(number), State.RECEIVED))
        product.jobs._request(claimed)  # it is made, and nothing of it is written down
        product.ledger._changes.make(key(number), lease_ended, step="test")
        [wish] = asked(sandbox)
        [request_id] = sandbox.logrocket.results
        wait_for(lambda: sandbox.logrocket.results[request_id]["ready"])
        told = {"requestID": request_id, "status": "FAILED", "result": None}
        assert requests.post(wish["webhookURL"], json=told, timeout=5).status_code == 202
        product.work_until(number, State.POSTED)
        assert len(asked(sandbox)) == 1
    assert "/acme/outlet/sessions?" in note_on(sandbox, number)


def lease_ended(entry: Entry, now: float) -> Entry:
    """The entry as it is when its worker has been dead for long enough."""
    return replace(entry, claim=replace(entry.claim, lease_until=now, not_before=now))


# -- It speaks when it has something to say


def test_a_short_note_tells_of_no_session_when_the_admin_wishes(
    sandbox: Sandbox, settings: Settings, port: int
) -> None:
    sandbox.logrocket.default = "EMPTY"
    with product_with(settings, port, link_when_empty=True) as product:
        number = sandbox.zendesk.file_ticket(requester=ADA)
        entry = product.work_until(number, State.POSTED)
    assert "/acme/shop/sessions?" in note_on(sandbox, number)
    assert entry.reason is not None
    assert "found no session" in entry.reason


@pytest.mark.parametrize("trouble", ["failed", "refused"])
def test_a_short_note_tells_of_a_failure_when_the_admin_wishes(
    trouble: str, sandbox: Sandbox, settings: Settings, port: int
) -> None:
    if trouble == "failed":
        sandbox.logrocket.default = "FAILED"
    else:
        refusal = Fault(service="logrocket", method="POST", status=400, body='{"error": "no"}', times=None)
        sandbox.faults.add(refusal)
    with product_with(settings, port, link_when_failed=True) as product:
        number = sandbox.zendesk.file_ticket(requester=ADA)
        entry = product.work_until(number, State.POSTED)
    assert "/acme/shop/sessions?" in note_on(sandbox, number)
    assert entry.reason is not None
    assert "LogRocket" in entry.reason


# -- On demand


def demand(product: InProcess, number: int, **more: str) -> int:
    """What Zendesk's second trigger sends, with these headers more."""
    body = json.dumps({"ticket_id": str(number), "on_demand": True}).encode()
    [secret, *_] = product.settings.of(ZendeskSettings).webhook_secrets
    headers = webhook.signed(body, secret=secret, now=time.time())
    return requests.post(
        f"{product.settings.public_url}/zendesk/tickets", data=body, headers={**headers, **more}, timeout=10
    ).status_code


def until_another_second() -> None:
    """Zendesk tells whole seconds: what was written before a demand was so by its clock, too."""
    began = int(time.time())
    wait_for(lambda: int(time.time()) > began)


def test_a_demand_asks_anew_about_the_time_until_now_and_takes_the_tag_off(
    sandbox: Sandbox, product: InProcess
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, tags=("vip",))
    first = product.work_until(number, State.POSTED)
    sandbox.zendesk.add_tags(number, "highlights")
    assert demand(product, number) == 202
    again = product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 2
    assert first.request.id in again.request.old_ids
    assert (again.on_demand, again.note.tried) == (True, (again.request.id,))
    assert set(sandbox.zendesk.ticket(number).tags) == {"vip"}
    _, wish = asked(sandbox)
    assert abs(wish["timeRange"]["endMs"] / 1000 - time.time()) < 20


def test_a_demand_while_a_note_is_on_its_way_changes_nothing(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    assert demand(product, number) == 200
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


@pytest.mark.parametrize("known", [True, False])
def test_a_demand_that_is_delivered_again_after_its_note_gets_no_second_one(
    sandbox: Sandbox, product: InProcess, *, known: bool
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    if not known:
        product.ledger.forget(key(number))
        until_another_second()
    invocation = {webhook.INVOCATION: "01HANA2B5DVQ"}
    assert demand(product, number, **invocation) == 202
    product.work_until(number, State.POSTED)
    assert demand(product, number, **invocation) == 200
    assert len(sandbox.zendesk.internal_notes(number)) == 2
    assert demand(product, number, **{webhook.INVOCATION: "01HANA2B5DVR"}) == 202


def test_there_are_at_most_five_demands_an_hour(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    answers = []
    for _ in range(6):
        answers.append(demand(product, number))
        product.work_until(number, State.POSTED)
    assert answers == [202] * 5 + [200]
    assert len(sandbox.zendesk.internal_notes(number)) == 6


def test_what_was_erased_or_never_came_can_be_demanded(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    product.ledger.forget(key(number))
    until_another_second()
    assert demand(product, number) == 202
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 2


# -- Tags


def test_the_tag_is_added_beside_others_and_tried_again(sandbox: Sandbox, environ: dict[str, str], port: int) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path="/tags", status=503))
    with InProcess(from_environment({**environ, "TAG_POSTED": "has_highlights"}), port) as product:
        number = sandbox.zendesk.file_ticket(requester=ADA, tags=("vip",))
        product.work_until(number, State.POSTED)
    assert set(sandbox.zendesk.ticket(number).tags) == {"vip", "has_highlights"}
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_a_tag_that_is_refused_costs_no_note(sandbox: Sandbox, environ: dict[str, str], port: int) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path="/tags", status=403, times=None))
    with InProcess(from_environment({**environ, "TAG_POSTED": "has_highlights"}), port) as product:
        number = sandbox.zendesk.file_ticket(requester=ADA)
        product.work_until(number, State.POSTED)
        assert product.ledger.lanes.holds() == []


@pytest.mark.parametrize("status", [403, 503])
def test_a_tag_that_cannot_be_taken_off_costs_no_note(
    status: int, sandbox: Sandbox, settings: Settings, port: int
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="DELETE", path="/tags", status=status, times=None))
    with product_with(settings, port) as product:
        number = sandbox.zendesk.file_ticket(requester=ADA, tags=("highlights",))
        product.work_until(number, State.POSTED, seconds=30)
        assert product.ledger.lanes.holds() == []


# -- Merged


def test_the_note_of_a_merged_ticket_goes_to_the_other(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.delay = 1.0
    target = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.REQUESTED, State.READY)
    sandbox.zendesk.merge(number, into=target)
    entry = product.work_until(number, State.POSTED)
    assert entry.reason == f"merged into {target}: its note is there"
    assert str(number) in note_on(sandbox, target)
    assert notes_on(sandbox, number) == []


def test_a_ticket_that_was_merged_before_it_was_read_is_asked_about_all_the_same(
    sandbox: Sandbox, product: InProcess
) -> None:
    first = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    last = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    sandbox.zendesk.merge(number, into=first)
    sandbox.zendesk.merge(first, into=last)
    entry = product.work_until(number, State.POSTED)
    assert entry.note.merged_into == (key(first), key(last))
    assert str(number) in note_on(sandbox, last)


def test_a_merged_ticket_gets_no_note_where_one_of_the_same_person_is(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.delay = 1.0
    target = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(target, State.POSTED)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.REQUESTED, State.READY)
    sandbox.zendesk.merge(number, into=target)
    entry = product.work_until(number, State.SKIPPED)
    assert entry.reason == f"merged into {target}, which has a note of its own"
    assert len(notes_on(sandbox, target)) == 1


# -- Reused


def test_several_tickets_of_a_person_share_one_request(sandbox: Sandbox, settings: Settings, port: int) -> None:
    with product_with(settings, port, reuse_seconds=600.0) as product:
        first = sandbox.zendesk.file_ticket(requester=ADA)
        product.work_until(first, State.POSTED)
        second = sandbox.zendesk.file_ticket(requester=ADA)
        entry = product.work_until(second, State.POSTED)
        assert entry.reason == f"made for {first}"
        assert len(asked(sandbox)) == 1
        assert str(first) in note_on(sandbox, second)
        product.ledger.forget(key(second))
        assert product.redis.keys("highlights:shared:*") == []


def test_a_ticket_that_shares_a_request_is_woken_by_its_callback(
    sandbox: Sandbox, settings: Settings, port: int
) -> None:
    sandbox.logrocket.delay = 3.0
    with product_with(settings, port, reuse_seconds=600.0) as product:
        first = sandbox.zendesk.file_ticket(requester=ADA)
        product.work_until(first, State.REQUESTED)
        second = sandbox.zendesk.file_ticket(requester=ADA)
        entry = product.work_until(second, State.REQUESTED)
        assert entry.request.reused_from == key(first)
        product.work_until(second, State.POSTED, seconds=15)  # sooner than after POLL_AFTER_SECONDS
        assert len(asked(sandbox)) == 1
        assert len(polls(sandbox)) == 1


def test_requests_that_are_shared_for_less_than_a_second_cost_no_more_than_one(
    sandbox: Sandbox, environ: dict[str, str], port: int
) -> None:
    with InProcess(from_environment({**environ, "REUSE_MINUTES": "0.01"}), port) as product:
        product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    assert len(asked(sandbox)) == 1


class TestAtOnce:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "REUSE_MINUTES": "10", "WORKER_CONCURRENCY": "6"}

    def test_tickets_of_a_person_that_come_together_share_one_request(
        self, sandbox: Sandbox, processes: Processes
    ) -> None:
        sandbox.faults.add(Fault(service="logrocket", method="POST", delay_after=1.0, times=None))
        processes.start("web", "worker")
        numbers = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(3)]
        wait_for(lambda: all(notes_on(sandbox, number) for number in numbers))
        assert len(asked(sandbox)) == 1


def test_a_shared_request_that_brings_nothing_costs_one_of_its_own(
    sandbox: Sandbox, settings: Settings, port: int
) -> None:
    answers = iter((NOTHING, NOTHING, FOUND))
    sandbox.logrocket.highlights_for = lambda _: next(answers)
    with product_with(settings, port, reuse_seconds=600.0) as product:
        product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.EMPTY)
        second = sandbox.zendesk.file_ticket(requester=ADA)
        entry: Entry = product.work_until(second, State.POSTED)
        assert entry.reason is None
        assert len(asked(sandbox)) == 3


def test_by_default_nothing_is_shared(sandbox: Sandbox, product: InProcess) -> None:
    assert product.settings.cases == CaseSettings(delay_seconds=0.0)
    for _ in range(2):
        product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    assert len(asked(sandbox)) == 2
    assert len(updates(sandbox)) == 2
