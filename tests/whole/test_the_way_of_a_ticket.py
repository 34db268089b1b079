"""From a new ticket to its internal note: real HTTP, Redis, RQ and zenpy, the product in this process."""

from __future__ import annotations

import json
from typing import cast
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from redis import Redis

from integration.cases.entry import State
from integration.logrocket import callback
from integration.logrocket.settings import LogRocketSettings
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for
from tests.observed import asked, everything, looks_at_comments, polls, updates
from tests.steps import worked
from tests.tickets import key, new_ticket

pytestmark = pytest.mark.usefixtures("roomy")

ADA = "ada@shop.example"


# -- It works


def test_a_new_ticket_gets_one_internal_note_in_one_request(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)

    [update] = updates(sandbox)
    assert update.path.startswith(f"/api/v2/tickets/{number}")
    comment = json.loads(update.body)["ticket"]["comment"]
    assert comment["public"] is False
    assert set(comment) == {"public", "html_body"}
    assert len(sandbox.zendesk.internal_notes()) == 1
    assert looks_at_comments(sandbox) == []


def test_the_request_names_the_requester_and_a_callback_that_only_this_integration_could_make(
    sandbox: Sandbox, product: InProcess
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)

    [wish] = asked(sandbox)
    assert wish["userEmail"] == ADA
    url = urlsplit(wish["webhookURL"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == product.settings.public_url + "/logrocket/highlights"
    assert parse_qs(url.query)["ticket_id"] == [str(number)]
    [request] = sandbox.logrocket.requests
    assert request.headers["Authorization"] == f"token {product.settings.of(LogRocketSettings).api_key}"


def test_the_note_ends_with_the_marker_of_its_request(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.POSTED)

    [note] = sandbox.zendesk.internal_notes(number)
    [request_id] = sandbox.logrocket.results
    assert entry.request.id == request_id
    assert note.html_body.removesuffix("</div>").endswith(f"<p>Highlights request {request_id[:12]}</p>")


def test_a_requester_with_an_external_id_only_is_asked_for_by_it(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=None, external_id="shop|42")
    product.work_until(number, State.POSTED)
    [wish] = asked(sandbox)
    assert wish["userID"] == "shop|42"
    assert "userEmail" not in wish


def test_a_ticket_event_without_requester_is_looked_up(sandbox: Sandbox, product: InProcess) -> None:
    endpoint = f"{product.settings.public_url}/zendesk/tickets"
    sandbox.zendesk.install_webhook(endpoint, payload='{"ticket_id": "{{ticket.id}}"}')
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    [wish] = asked(sandbox)
    assert wish["userEmail"] == ADA


def test_a_callback_of_the_newest_page_counts_as_ready(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.default = "COMPLETE"
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes()) == 1


def test_what_is_personal_is_gone_when_the_note_is_posted(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.POSTED)
    assert (entry.person.email, entry.person.external_id, entry.note.highlights) == (None, None, None)
    assert [what for _, what in entry.history] == ["received", "requested", "ready", "posted"]
    stored = everything(product.redis)
    assert f"highlights:case:zendesk-{number}" in stored
    assert ADA not in stored
    assert "lamps" not in stored


def test_a_posted_entry_is_kept_for_its_retention(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    seconds = redis.ttl(f"highlights:case:zendesk-{number}")
    assert 30 * 86400 - 60 < seconds <= 30 * 86400


def test_a_job_carries_a_ticket_id_and_nothing_else(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    [name] = [each for each in redis.keys("rq:job:*") if b":results" not in each]
    job = repr(redis.hgetall(name))
    assert ADA not in job
    assert "worker.jobs.request_highlights" in job


# -- It ends without a note


@pytest.mark.parametrize("status", ["closed", "deleted"])
def test_a_ticket_that_can_take_no_note_is_skipped(status: str, sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.delay = 0.4
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.REQUESTED)
    if status == "closed":
        sandbox.zendesk.set_status(number, "closed")
    else:
        sandbox.zendesk.delete_ticket(number)

    entry = product.work_until(number)

    assert entry.state is State.SKIPPED
    assert status in (entry.reason or "")
    assert len(updates(sandbox)) == 1


def test_a_requester_whom_nobody_can_identify_is_skipped(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=None)
    entry = product.work_until(number)
    assert entry.state is State.SKIPPED
    assert sandbox.logrocket.requests == []


def test_a_result_without_sessions_makes_no_note(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.default = "EMPTY"
    number = sandbox.zendesk.file_ticket(requester=ADA)
    assert product.work_until(number).state is State.EMPTY
    assert updates(sandbox) == []


def test_failed_as_often_as_configured_ends_in_failed(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.default = "FAILED"
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number)
    assert entry.state is State.FAILED
    assert "3 times" in (entry.reason or "")
    assert len(asked(sandbox)) == 3


def test_a_refused_request_ends_in_failed_with_its_reason(sandbox: Sandbox, product: InProcess) -> None:
    refusal = Fault(service="logrocket", method="POST", status=400, body='{"error": "no"}', times=2)  # nor without one
    sandbox.faults.add(refusal)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number)
    assert entry.state is State.FAILED
    assert entry.reason == "LogRocket refuses the request (400)"


# -- It survives


def test_a_duplicate_trigger_changes_nothing(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    sandbox.zendesk.deliver(number)
    wait_for(lambda: len(sandbox.zendesk.deliveries) == 2 and sandbox.zendesk.deliveries[1].attempts)
    product.work()
    assert [each.attempts[0].status for each in sandbox.zendesk.deliveries] == [202, 200]
    assert len(asked(sandbox)) == 1
    assert len(sandbox.zendesk.internal_notes()) == 1


def test_a_duplicate_callback_changes_nothing(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.callbacks = "twice"
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    wait_for(lambda: len(sandbox.logrocket.callbacks_made) == 2)
    product.work()
    assert sorted(each.status or 0 for each in sandbox.logrocket.callbacks_made) == [200, 202]
    assert len(sandbox.zendesk.internal_notes()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault(service="zendesk", method="PUT", drop="after"),
        Fault(service="zendesk", method="PUT", drop="after", reset=True),
        Fault(service="zendesk", method="PUT", status=500, handle=True),
        Fault(service="zendesk", method="PUT", status=502, handle=True, body="<html>Bad gateway</html>"),
        Fault(service="zendesk", method="PUT", status=504, handle=True),
        Fault(service="zendesk", method="PUT", status=200, handle=True, body="{}"),
    ],
    ids=["dropped", "reset", "500", "502", "504", "unreadable"],
)
def test_a_note_whose_answer_was_lost_is_not_posted_again(fault: Fault, sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(fault)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.POSTED)
    [note] = sandbox.zendesk.internal_notes(number)
    assert entry.note.id == str(note.id)
    [first_try] = updates(sandbox)
    assert looks_at_comments(sandbox)[0].at - first_try.at >= product.settings.settle_seconds


def test_a_note_that_was_never_written_is_posted_after_all(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", drop="before"))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert len(updates(sandbox)) == 2
    assert len(sandbox.zendesk.internal_notes()) == 1


def test_a_note_on_a_later_page_of_comments_is_found(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    agent = (f"{sandbox.zendesk.agent_email}/token", sandbox.zendesk.api_token)
    sandbox.zendesk.desk.limits.ticket_updates = sandbox.zendesk.desk.limits.account_updates = 1000
    for _ in range(120):
        comment = {"ticket": {"comment": {"body": "Looking into it.", "public": False}}}
        requests.put(f"{sandbox.zendesk.url}/api/v2/tickets/{number}", json=comment, auth=agent, timeout=5)
    sandbox.zendesk.forget_requests()
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=r"/tickets/", drop="after"))
    product.work_until(number, State.POSTED)
    assert sum("Highlights request" in note.html_body for note in sandbox.zendesk.internal_notes(number)) == 1
    assert len(looks_at_comments(sandbox)) == 2


def test_a_note_that_came_back_public_is_made_private_at_once(
    sandbox: Sandbox, product: InProcess, capfd: pytest.CaptureFixture[str]
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=r"/tickets/", public=True))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert [comment.public for comment in sandbox.zendesk.comments(number)] == [True, False]
    assert "our note was public" in "".join(capfd.readouterr())


@pytest.mark.parametrize("redis_restarted", [False, True])
def test_a_public_note_whose_answer_was_lost_is_found_and_made_private(
    redis_restarted: bool,  # noqa: FBT001 -- pytest passes parameters by name
    sandbox: Sandbox,
    product: InProcess,
    redis: Redis,
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=r"/tickets/", public=True, drop="after"))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    if redis_restarted:
        case = f"highlights:case:zendesk-{number}"
        stored = json.loads(cast("bytes", redis.get(case)))
        redis.set(case, json.dumps({**stored, "redis_run": "another"}))
        wait_for(lambda: works(product, sandbox) or product.entry(number).quiet_until)
        stored = json.loads(cast("bytes", redis.get(case)))
        redis.set(case, json.dumps({**stored, "quiet_until": 0}))
        redis.zadd(product.ledger.keys.due, {key(number): 0})
    product.work_until(number, State.POSTED)
    assert [comment.public for comment in sandbox.zendesk.comments(number)] == [True, False]


def test_failed_then_ready_ends_in_one_note(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.script("FAILED", "READY")
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.POSTED)
    first, second = sandbox.logrocket.results
    assert entry.request.id == second
    assert entry.request.old_ids == (first,)
    assert len(sandbox.zendesk.internal_notes()) == 1


def test_a_late_callback_of_an_older_request_is_ignored(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.script("FAILED", "PENDING")
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.REQUESTED)
    wait_for(lambda: len(works(product, sandbox)) == 2)
    first, _ = sandbox.logrocket.results
    assert sandbox.logrocket.call_back(first) == 200
    assert product.entry(number).state is State.REQUESTED


class TestWithoutCallbacks:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "POLL_AFTER_SECONDS": "0.2"}

    def test_a_lost_callback_is_made_up_for_by_polling(self, sandbox: Sandbox, product: InProcess) -> None:
        sandbox.logrocket.callbacks, sandbox.logrocket.delay = "none", 0.0
        number = sandbox.zendesk.file_ticket(requester=ADA)
        product.work_until(number, State.POSTED)
        assert len(polls(sandbox)) == 1
        assert len(sandbox.zendesk.internal_notes()) == 1

    def test_silence_is_asked_about_six_times_then_requested_anew_once(
        self, sandbox: Sandbox, product: InProcess
    ) -> None:
        sandbox.logrocket.default = "PENDING"
        number = sandbox.zendesk.file_ticket(requester=ADA)
        entry = product.work_until(number)
        assert entry.state is State.FAILED
        assert len(asked(sandbox)) == 2
        assert len(polls(sandbox)) == 12

    def test_a_request_that_logrocket_forgot_is_made_anew(self, sandbox: Sandbox, product: InProcess) -> None:
        sandbox.logrocket.callbacks = "none"
        sandbox.faults.add(Fault(service="logrocket", method="GET", status=404, times=6))
        number = sandbox.zendesk.file_ticket(requester=ADA)
        product.work_until(number, State.POSTED)
        assert len(asked(sandbox)) == 2


def test_a_callback_with_another_request_id_is_not_believed(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.logrocket.callbacks = "none"
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.REQUESTED)
    [wish] = asked(sandbox)
    wait_for(lambda: all(each["ready"] for each in sandbox.logrocket.results.values()))
    forged = {
        "status": "READY",
        "requestID": "f" * 64,
        "result": {"highlights": "forged", "sessions": [{"recordingID": "5-1", "sessionID": 0, "highlights": "x"}]},
    }

    assert requests.post(wish["webhookURL"], json=forged, timeout=5).status_code == 202

    product.work_until(number, State.POSTED)
    assert len(polls(sandbox)) == 1
    [note] = sandbox.zendesk.internal_notes(number)
    assert "forged" not in note.html_body


def test_the_token_of_one_ticket_opens_no_other(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    [wish] = asked(sandbox)
    moved = wish["webhookURL"].replace(f"ticket_id={number}", f"ticket_id={number + 1}")
    assert requests.post(moved, json={"status": "FAILED", "result": None}, timeout=5).status_code == 401


def test_a_callback_that_overtakes_logrockets_answer_is_asked_about_at_once(
    sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.logrocket.delay = 0.0
    sandbox.faults.add(Fault(service="logrocket", method="POST", delay_after=2.0))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert len(asked(sandbox)) == 1
    assert len(polls(sandbox)) == 1


def test_a_request_whose_answer_was_lost_is_not_paid_for_twice_when_a_callback_tells_its_id(
    sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", drop="after"))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: worked(product) and asked(sandbox))
    wait_for(lambda: product.entry(number).request.id)
    product.work_until(number, State.POSTED)
    assert len(asked(sandbox)) == 1
    assert len(sandbox.zendesk.internal_notes()) == 1


def test_a_callback_for_a_ticket_that_nobody_knows_is_already_known(product: InProcess) -> None:
    url = callback.address(
        product.settings.public_url, key(99), secret_keys=product.settings.secret_keys, now=product.ledger.reader.now()
    )
    assert requests.post(url, json={"status": "FAILED", "result": None}, timeout=5).status_code == 200


@pytest.mark.parametrize(
    ("status", "headers", "at_least"),
    [
        (429, {"Retry-After": "1"}, 1.0),
        (429, {"Retry-After": "0.6"}, 0.6),
        (429, {"Retry-After": "soon"}, 0.0),
        (429, {}, 0.0),
        (408, {}, 0.3),
        (409, {}, 0.3),
        (503, {"Retry-After": "0.1"}, 0.3),
        (503, {"Retry-After": "1"}, 1.0),
        (520, {}, 0.3),
        (500, {}, 0.3),
    ],
)
@pytest.mark.parametrize("service", ["zendesk", "logrocket"])
def test_a_temporary_error_is_waited_out(  # noqa: PLR0917 -- pytest's parameters and fixtures
    service: str, status: int, headers: dict[str, str], at_least: float, sandbox: Sandbox, product: InProcess
) -> None:
    method = "PUT" if service == "zendesk" else "POST"
    path = "/tickets/" if service == "zendesk" else "/highlights/"
    sandbox.faults.add(
        Fault(service=service, method=method, path=path, status=status, headers=headers)  # type: ignore[arg-type]  # one of two literals
    )
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    asked = [request for request in sandbox.logrocket.requests if request.method == "POST"]
    tries = updates(sandbox) if service == "zendesk" else asked
    assert len(tries) == 2
    assert tries[1].at - tries[0].at >= at_least
    assert len(sandbox.zendesk.internal_notes()) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_hold_a_ticket_until_they_are_mended(
    status: int, sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.faults.add(Fault(service="logrocket", status=status, times=8))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number, State.POSTED)
    assert entry.claim.refusals == 0
    assert [request.status for request in sandbox.logrocket.requests].count(status) == 8


def test_credentials_do_not_follow_a_redirect(sandbox: Sandbox, product: InProcess) -> None:
    elsewhere = Sandbox()
    with elsewhere:
        sandbox.faults.add(
            Fault(service="zendesk", method="PUT", status=307, headers={"Location": f"{elsewhere.zendesk.url}/api"})
        )
        sandbox.faults.add(
            Fault(service="logrocket", method="POST", status=302, headers={"Location": elsewhere.logrocket.url})
        )
        number = sandbox.zendesk.file_ticket(requester=ADA)
        product.work_until(number, State.POSTED)
        assert elsewhere.zendesk.requests == []
        assert elsewhere.logrocket.requests == []


def test_a_ticket_is_received_although_a_quote_breaks_its_json(sandbox: Sandbox, product: InProcess) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, external_id='x", "ticket_id": "1')
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert product.ledger.reader.find(key(1)) is None


@pytest.mark.parametrize("status", [200, 204])
def test_an_empty_list_of_comments_is_no_proof_that_there_is_no_note(
    status: int, sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path=r"/tickets/", drop="after"))
    sandbox.faults.add(Fault(service="zendesk", method="GET", path="/comments", status=status))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_a_refused_oauth_client_holds_zendesk_and_not_logrocket(sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="POST", path="/oauth/tokens", status=400, times=None))
    product.ledger.receive(new_ticket(sandbox.zendesk.file_ticket(requester=ADA, deliver=False)))
    wait_for(lambda: works(product, sandbox) or product.ledger.lanes.holds())
    assert [each.service for each in product.ledger.lanes.holds()] == ["Zendesk"]


def works(product: InProcess, sandbox: Sandbox) -> list[str]:
    """Work once; the requests that LogRocket has taken by then."""
    product.work()
    return list(sandbox.logrocket.results)
