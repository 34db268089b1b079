"""Answers that are not what they seem: another ticket's, nobody's, or those of something in front of the service."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import resource
import socketserver
import threading
from collections.abc import Iterator
from typing import Any, Final, Literal

import pytest
from rq.timeouts import JobTimeoutException, UnixSignalDeathPenalty

from integration.cases.entry import State
from integration.errors import RemoteError, Temporary
from integration.http import MAX_ANSWER_BYTES, ServiceAdapter, ServiceSession
from integration.note import marker
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for
from tests.steps import KNOWN, bring_to_its_note, comment
from tests.tickets import key, new_ticket

pytestmark = pytest.mark.usefixtures("roomy")

ADA: Final = "ada@shop.example"
PAGE: Final = "<!doctype html><title>Blocked</title><h1>Request blocked</h1>"
NOTE: Final = r"/tickets/\d+(\.json)?$"


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "BACKOFF_SECONDS": "0.02", "SETTLE_SECONDS": "1"}


def zendesk(**fields: Any) -> Fault:  # noqa: ANN401 -- fields of Fault
    return Fault(service="zendesk", **{"times": None, **fields})


def notes(sandbox: Sandbox, ticket_id: int) -> list[bool]:
    """Of each note of ours on the ticket, whether it is public."""
    return [each.public for each in sandbox.zendesk.comments(ticket_id) if "Highlights request" in each.html_body]


# -- Something in front of the service


@pytest.mark.parametrize("status", [400, 404, 406, 410, 422])
def test_what_something_in_front_of_zendesk_refuses_for_one_ticket_fails_alone_after_some_tries(
    status: int, sandbox: Sandbox, product: InProcess
) -> None:
    refused, other = (sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2))
    sandbox.faults.add(zendesk(method="PUT", path=rf"/tickets/{refused}(\.json)?$", status=status, body=PAGE))
    product.work_until(other, State.POSTED)
    product.work_until(refused, State.FAILED)
    assert product.ledger.lanes.holds() == []
    tries = [each for each in sandbox.zendesk.requests if each.method == "PUT" and str(refused) in each.path]
    assert len(tries) == 3

    sandbox.faults.clear()
    assert product.ledger.retry(key(refused))
    product.work_until(refused, State.POSTED)
    assert notes(sandbox, refused) == [False]


@pytest.mark.parametrize("status", [400, 406, 410])
@pytest.mark.parametrize("service", ["zendesk", "logrocket"])
def test_what_something_in_front_of_a_service_refuses_for_all_ends_no_ticket(
    status: int, service: Literal["zendesk", "logrocket"], sandbox: Sandbox, product: InProcess
) -> None:
    page: dict[str, Any] = {"body": PAGE, "headers": {"Content-Type": "text/html"}, "times": None}
    sandbox.faults.add(Fault(service=service, path="^/(api/v2|v1)/", status=status, **page))
    answers, count = (
        (sandbox.zendesk, 2) if service == "zendesk" else (sandbox.logrocket, 1)
    )  # one finds out when it ends
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(count)]

    def tried() -> bool:
        product.work()
        return len([each for each in answers.requests if "/oauth/" not in each.path]) > 5

    wait_for(tried)
    assert {product.entry(each).state for each in tickets} <= {State.RECEIVED, State.READY}
    sandbox.faults.clear()
    for number in tickets:
        product.work_until(number, State.POSTED)


@pytest.mark.parametrize("status", [408, 409, 421, 423, 425])
@pytest.mark.parametrize("body", [PAGE, '{"error": "Locked", "description": "Try again"}'])
def test_what_is_to_be_tried_later_is(status: int, body: str, sandbox: Sandbox, product: InProcess) -> None:
    sandbox.faults.add(zendesk(method="PUT", status=status, body=body, times=2))
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=status, body=body))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert notes(sandbox, number) == [False]


def test_a_single_410_of_logrockets_ends_nothing(sandbox: Sandbox, product: InProcess) -> None:
    gone = Fault(service="logrocket", status=410, body='{"error": "gone"}', headers={"Content-Type": "text/plain"})
    sandbox.faults.add(gone)
    product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    assert sandbox.faults.happened(gone) == 1


# -- Another's answer, or nobody's


@pytest.mark.parametrize("handle", [False, True])
@pytest.mark.parametrize("status", [200, 202])
def test_an_answer_about_another_ticket_proves_nothing(
    handle: bool,  # noqa: FBT001 -- pytest passes parameters by name
    status: int,
    sandbox: Sandbox,
    product: InProcess,
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    event = {"id": 77, "type": "Comment", "public": False, "body": "x", "html_body": "x"}
    other = {"ticket": {"id": 5}, "audit": {"id": 6, "ticket_id": 5, "events": [event]}}
    fault = zendesk(method="PUT", path=NOTE, status=status, body=json.dumps(other), handle=handle, times=1)
    sandbox.faults.add(fault)
    entry = product.work_until(number, State.POSTED)
    assert notes(sandbox, number) == [False]
    assert entry.note.id == str(sandbox.zendesk.comments(number)[-1].id)


@pytest.mark.parametrize("body", ['{"comments": []}', "{}", '{"comments": [], "next_page": null, "count": 0}'])
def test_a_ticket_without_any_comment_is_an_answer_that_cannot_be_read(
    body: str, sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.faults.add(zendesk(method="PUT", path=NOTE, drop="after", times=1))
    sandbox.faults.add(zendesk(method="GET", path="/comments", status=200, body=body, times=3))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert notes(sandbox, number) == [False]


@pytest.mark.parametrize("answer", [{"body": '""'}, {"body": PAGE}, {"status": 204}])
def test_a_200_that_did_not_make_a_note_internal_is_not_believed(
    answer: dict[str, Any], sandbox: Sandbox, product: InProcess
) -> None:
    sandbox.faults.add(zendesk(method="PUT", path=NOTE, public=True, times=1))
    sandbox.faults.add(zendesk(method="PUT", path="/make_private", times=2, **{"status": 200, **answer}))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    assert notes(sandbox, number) == [False]
    assert product.entry(number).note.was_public


def test_a_step_that_ran_out_of_time_may_have_written_its_note(
    sandbox: Sandbox, product: InProcess, environ: dict[str, str]
) -> None:
    slow = zendesk(method="PUT", path=NOTE, delay_after=20, times=1)
    sandbox.faults.add(slow)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    settle = float(environ["SETTLE_SECONDS"])
    bring_to_its_note(product, number)
    wait_for(lambda: (outlook := product.ledger.lanes.outlook()).notes_at("Zendesk") <= outlook.now)
    with UnixSignalDeathPenalty(2, JobTimeoutException):  # type: ignore[no-untyped-call]  # RQ's
        product.jobs.post_note(key(number))
    entry = product.entry(number)
    assert (entry.state, entry.last_error) == (State.READY, "the step took too long")
    assert entry.claim.not_before > product.ledger.reader.now() + settle / 2
    now = dataclasses.replace(entry.claim, not_before=0)
    product.ledger.settle(entry, lambda known, _: dataclasses.replace(known, claim=now))
    product.work_until(number, State.POSTED)
    assert notes(sandbox, number) == [False]


# -- Whose comment


@pytest.mark.parametrize(
    "via",
    [
        {"channel": "web", "source": {"from": {"ticket_id": 5}, "to": {}, "rel": "merge"}},
        {"channel": "api", "source": {"from": {}, "to": {}, "rel": "merge"}},
        {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}},
        {"channel": "email", "source": {}},
    ],
)
def test_a_person_who_lent_us_their_user_may_quote_a_note_or_merge_a_ticket(
    via: dict[str, object], sandbox: Sandbox, product: InProcess
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    said = [
        comment_of(product, 41, "It does not work.", public=True, author=1, via={"channel": "web", "source": {}}),
        comment_of(product, 42, f"Merged. Last comment: Highlights request {KNOWN}", public=False, via=via),
        comment_of(product, 43, f"> Highlights request {KNOWN}", public=True, via=via),
    ]
    sandbox.faults.add(zendesk(method="GET", path="/comments", status=200, body=json.dumps({"comments": said})))
    desk = product.desk
    assert desk.find_any_note(key(number)) is None
    assert desk.find_any_note(key(number), markers=[KNOWN]) is None
    assert desk.find_note(key(number), markers=[KNOWN]) is None

    product.ledger.receive(new_ticket(number, email=ADA), recovered=True)
    product.work_until(number, State.POSTED)
    assert notes(sandbox, number) == [False]


def comment_of(
    product: InProcess, number: int, text: str, *, public: bool, via: dict[str, object], author: int | None = None
) -> dict[str, object]:
    about = {"id": number, "type": "Comment", "author_id": author or product.desk._author(), "public": public}
    forms = {"body": text, "html_body": f"<p>{text}</p>", "plain_body": text}
    more = {"audit_id": number + 100, "metadata": {}, "attachments": [], "created_at": "2026-11-24T10:00:00Z"}
    return {**about, **forms, **more, "via": via}


def test_a_note_of_another_request_is_none_where_the_ledger_knows_its_own(sandbox: Sandbox, product: InProcess) -> None:
    number = comment(sandbox, marker.of("b" * 64), public=False, author=product.desk._author())
    assert product.desk.find_note(key(number), markers=[KNOWN]) is None


# -- Redirects, and what comes before an answer


@contextlib.contextmanager
def answering(*pieces: bytes) -> Iterator[str]:
    """A server that answers each request with these bytes."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            with contextlib.suppress(OSError):
                for piece in pieces:
                    self.wfile.write(piece)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def met(url: str) -> RemoteError:
    """What a write meets there."""
    with ServiceSession(ServiceAdapter("Zendesk", url)) as session, pytest.raises(RemoteError) as error:
        session.put(f"{url}/x")
    return error.value


@pytest.mark.parametrize(
    "location", [b"http://[::1", b"\xff\xfe://", b"http://a:99999999/", b"//", b"http://\x01/", b""]
)
def test_it_does_not_matter_where_a_redirect_leads(location: bytes) -> None:
    with answering(b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % location) as url:
        error = met(url)
    assert isinstance(error, Temporary)
    assert error.outcome_unknown


def test_a_redirect_without_end_is_not_read_to_its_end() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with answering(b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", *[b"x" * 1024 * 1024] * 200) as url:
        assert met(url).outcome_unknown
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024 < 8 * MAX_ANSWER_BYTES


@pytest.mark.parametrize("status", [101, 103])
def test_what_comes_before_an_answer_is_none(status: int) -> None:
    with answering(b"HTTP/1.1 %d Early\r\n\r\n" % status) as url:
        error = met(url)
    assert isinstance(error, Temporary)
    assert error.outcome_unknown
