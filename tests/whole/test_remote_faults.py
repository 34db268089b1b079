"""What LogRocket and Zendesk can do to us: in the end each ticket has one note, and nobody else has our credentials."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import socketserver
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Final, Literal
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.cases import overview
from integration.cases.entry import State
from integration.errors import RemoteError
from integration.facts import Details, Highlights, Pace, Person, Receipt, Result
from integration.http import MAX_ANSWER_BYTES, ServiceAdapter, ServiceSession, retry_after
from integration.logrocket.client import LogRocket
from integration.logrocket.settings import LogRocketSettings
from integration.note import compose
from integration.settings import from_environment
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, Processes, wait_for
from tests.note.notes import LINKS, REQUEST_ID
from tests.observed import asked, updates
from tests.tcp_proxy import TcpProxy
from tests.tickets import key, new_ticket

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"
PAGE: Final = "<!doctype html><title>502</title><h1>Bad Gateway</h1>"


@dataclasses.dataclass(frozen=True)
class Call:
    """One of the requests that we send."""

    service: Literal["zendesk", "logrocket"]
    method: str
    path: str

    def meets(self, fault: Fault) -> Fault:
        return dataclasses.replace(fault, service=self.service, method=self.method, path=self.path)


REQUEST: Final = Call("logrocket", "POST", "/highlights/")
POLL: Final = Call("logrocket", "GET", r"/highlights\?")
TOKEN: Final = Call("zendesk", "POST", "/oauth/tokens")
NOTE: Final = Call("zendesk", "PUT", "/tickets/")
COMMENTS: Final = Call("zendesk", "GET", "/comments")
REQUESTER: Final = Call("zendesk", "GET", r"/tickets/\d+(\.json)?(\?|$)")
ACCOUNT: Final = (Call("zendesk", "GET", "/users/me"), POLL)  # calls that can tell whom a refusal concerns
CALLS: Final = {
    "LogRocket POST": REQUEST,
    "LogRocket GET": POLL,
    "Zendesk token": TOKEN,
    "Zendesk PUT": NOTE,
    "Zendesk comments": COMMENTS,
}


def answers(*bodies: str, status: int = 200, handle: bool = False) -> list[Fault]:
    return [Fault(service="zendesk", status=status, body=body, handle=handle) for body in bodies]


def soon() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


def statuses() -> list[Fault]:
    waits = ("1", "0.4", soon(), "soon", "-1", "nan", "")
    return [
        *(Fault(service="zendesk", status=429, headers={"Retry-After": wait}) for wait in waits),
        *(Fault(service="zendesk", status=status) for status in (429, 408, 409, 500, 503, 504)),
        Fault(service="zendesk", status=502, body=PAGE, headers={"Content-Type": "text/html"}),
        Fault(service="zendesk", status=503, headers={"Retry-After": "1"}),
    ]


def connections() -> list[Fault]:
    return [
        *(Fault(service="zendesk", drop="before", reset=reset) for reset in (False, True)),
        *(Fault(service="zendesk", drop="after", reset=reset) for reset in (False, True)),
        *(Fault(service="zendesk", status=status, handle=True) for status in (500, 502, 504)),
    ]


WRONG_SHAPES: Final = (
    *("[]", "null", "5", '"text"', "{}", '{"id": 5}', '{"id": ""}', '{"id": "../x"}', '{"access_token": 7}'),
    *('{"access_token": "x\\ny"}', '{"access_token": "x", "expires_in": 1' + "0" * 400 + "}", '{"access_token": ""}'),
    *('{"status": 7}', '{"status": "READY", "result": []}', '{"status": "READY", "requestID": "other", "result": {}}'),
    *('{"comments": null}', '{"comments": [null]}', '{"comments": [{"id": Infinity}]}', '{"audit": {"events": [7]}}'),
    *('{"ticket": null, "audit": null}', '{"ticket": {"id": 1}, "audit": {"events": [{"type": "Comment"}]}}'),
)


def bodies() -> list[Fault]:
    not_json = ("", "{", PAGE, "[" * 50_000, '{"id": NaN', "x" * 9 * 1024 * 1024)
    zipped = Fault(service="zendesk", status=200, body="no gzip", headers={"Content-Encoding": "gzip"})
    return [*answers(*not_json, *WRONG_SHAPES), *answers("{}", PAGE, handle=True), zipped]


def redirects(elsewhere: str) -> list[Fault]:
    return [
        Fault(service="zendesk", status=status, headers={"Location": elsewhere}) for status in (301, 302, 303, 307, 308)
    ]


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "POLL_AFTER_SECONDS": "0.2", "BACKOFF_SECONDS": "0.02"}


@pytest.fixture
def elsewhere() -> Iterator[Sandbox]:
    """Another host, with nothing to fear of us."""
    with Sandbox() as running:
        yield running


def make_room(sandbox: Sandbox, product: InProcess | None = None) -> None:
    """Let limits be no part of the test."""
    limits = sandbox.zendesk.desk.limits
    limits.requests = limits.account_updates = limits.ticket_updates = 1_000_000
    if product is not None:
        product.ledger.lanes.answered("Zendesk", Pace(interval=0.001, pause=0.001))


def lead_to(call: Call, sandbox: Sandbox, tickets: int) -> None:
    """Let each ticket come to the call."""
    if call is POLL:
        sandbox.logrocket.callbacks = "none"
    if call is COMMENTS:
        sandbox.faults.add(NOTE.meets(Fault(service="zendesk", drop="before", times=tickets)))


def one_note_each(product: InProcess, sandbox: Sandbox, tickets: list[int], *, seconds: float = 60) -> None:
    wait_for(lambda: worked(product).get(State.POSTED) == len(tickets), seconds=seconds)
    assert [len(sandbox.zendesk.internal_notes(number)) for number in tickets] == [1] * len(tickets)
    assert all(not note.public for note in sandbox.zendesk.internal_notes())
    assert all(product.entry(number).claim.crashes == 0 for number in tickets)


def worked(product: InProcess) -> dict[State, int]:
    product.work()
    counts = product.ledger.reader.counts()
    assert not counts[State.FAILED], [each.reason for each in product.ledger.reader.latest_in(State.FAILED, 9)]
    return counts


# -- The matrix


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("faults", [statuses, connections, bodies], ids=["status", "connection", "body"])
def test_whatever_a_call_meets_each_ticket_ends_in_one_note(
    call: Call,
    faults: Callable[[], list[Fault]],
    sandbox: Sandbox,
    product: InProcess,
    capfd: pytest.CaptureFixture[str],
) -> None:
    make_room(sandbox, product)
    met = [call.meets(fault) for fault in faults()]
    lead_to(call, sandbox, 6)
    for fault in met:
        sandbox.faults.add(fault)
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(6)]

    one_note_each(product, sandbox, tickets)

    assert [sandbox.faults.happened(fault) for fault in met] == [1] * len(met)
    said = "".join(capfd.readouterr())
    assert "internal error" not in said
    assert ADA not in said


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_redirect_leads_nobody_anywhere(call: Call, sandbox: Sandbox, elsewhere: Sandbox, product: InProcess) -> None:
    make_room(sandbox, product)
    lead_to(call, sandbox, 2)
    for fault in redirects(f"{elsewhere.zendesk.url}/api/v2/x"):
        sandbox.faults.add(call.meets(fault))
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2)]
    one_note_each(product, sandbox, tickets)
    assert elsewhere.zendesk.requests == []


def test_a_page_of_comments_elsewhere_is_not_asked_for(
    sandbox: Sandbox, elsewhere: Sandbox, product: InProcess
) -> None:
    lead_to(COMMENTS, sandbox, 1)
    more = {"comments": [], "next_page": f"{elsewhere.zendesk.url}/api/v2/tickets/1/comments.json?page=2"}
    sandbox.faults.add(COMMENTS.meets(Fault(service="zendesk", status=200, body=json.dumps(more))))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    entry = product.work_until(number)
    assert elsewhere.zendesk.requests == []
    assert entry.state is State.FAILED
    assert entry.reason == "Zendesk pointed to another host"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_hold_the_lane_and_burn_no_attempt(
    call: Call, status: int, sandbox: Sandbox, product: InProcess
) -> None:
    make_room(sandbox, product)
    lead_to(call, sandbox, 3)
    refused = call.meets(Fault(service="zendesk", status=status, times=None))
    everywhere = [each.meets(refused) for each in ACCOUNT if each.service == call.service and each != call]
    faults = (refused, *everywhere)
    for fault in faults:
        sandbox.faults.add(fault)
    count = 1 if call is REQUEST else 3  # one asks whether the hold is over, the others' turn is 30 s later
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(count)]

    wait_for(lambda: worked(product) and sum(sandbox.faults.happened(each) or 0 for each in faults) >= 8)

    stands = overview.read(product.settings, product.redis, routes=product.ledger.lanes.routes)
    [obstacle] = stands.obstacles
    assert obstacle.service is ("LogRocket" if call.service == "logrocket" else "Zendesk")
    assert "credentials" in obstacle.reason or "OAuth client" in obstacle.reason
    assert str(status) in obstacle.reason
    assert obstacle.since is not None
    assert all(product.entry(number).claim.attempts <= 2 for number in tickets)

    for fault in faults:
        sandbox.faults.remove(fault)
    product.redis.hset(f"highlights:lane:{obstacle.service.lower()}", "open_at", "0")  # the hold's delay is over
    one_note_each(product, sandbox, tickets)
    assert product.ledger.lanes.holds() == []


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_in_the_look_for_a_requester_hold_too(
    status: int, sandbox: Sandbox, product: InProcess
) -> None:
    for call in (REQUESTER, ACCOUNT[0]):
        sandbox.faults.add(call.meets(Fault(service="zendesk", status=status, times=3)))
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    product.ledger.receive(new_ticket(number))
    wait_for(lambda: worked(product) and product.ledger.lanes.holds())
    assert product.ledger.lanes.holds()[0].service == "Zendesk"
    one_note_each(product, sandbox, [number])


def test_an_oauth_client_that_zendesk_does_not_know_holds(sandbox: Sandbox, product: InProcess) -> None:
    refused = TOKEN.meets(Fault(service="zendesk", status=400, body='{"error": "invalid_client"}', times=3))
    sandbox.faults.add(refused)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: worked(product) and product.ledger.lanes.holds())
    assert "OAuth client" in product.ledger.lanes.holds()[0].reason
    one_note_each(product, sandbox, [number])


# -- Time


def test_a_retry_after_of_days_closes_the_lane_for_an_hour_at_most(sandbox: Sandbox, product: InProcess) -> None:
    headers = {"Retry-After": "999999", "RateLimit-Remaining": "0"}
    sandbox.faults.add(REQUEST.meets(Fault(service="zendesk", status=429, headers=headers)))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: worked(product) and asked(sandbox) and product.entry(number).last_error)
    outlook = product.ledger.lanes.outlook()
    assert 3500 < outlook.requests_at - outlook.now <= 3600


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_date_is_read_by_the_clock_of_the_service_that_wrote_it(minutes: int) -> None:
    theirs = datetime.now(UTC) + timedelta(minutes=minutes)
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry-After": format_datetime(theirs + timedelta(seconds=30), usegmt=True),
    }
    assert retry_after(headers) == 30


def test_answers_that_never_come_or_drip_hold_a_ticket_up_and_no_more(sandbox: Sandbox, processes: Processes) -> None:
    """One worker, eight tickets at once, so that their waits pass together."""
    make_room(sandbox)
    processes._environ |= {"WORKER_CONCURRENCY": "8"}
    never = Fault(service="zendesk", delay=600)
    met = [
        *(REQUEST.meets(each) for each in (never, Fault(service="zendesk", drip="headers"))),
        POLL.meets(Fault(service="zendesk", drip="body")),
        *(NOTE.meets(Fault(service="zendesk", drip=part)) for part in ("headers", "body")),
        COMMENTS.meets(Fault(service="zendesk", drip="body")),
        TOKEN.meets(Fault(service="zendesk", drip="body")),
    ]
    for fault in met:
        sandbox.faults.add(fault)
    sandbox.logrocket.callbacks = "none"
    processes.start("web", "worker")
    tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(8)]

    wait_for(lambda: processes.log("worker").count("note posted") == len(tickets), seconds=120)

    assert [len(sandbox.zendesk.internal_notes(number)) for number in tickets] == [1] * len(tickets)
    assert [sandbox.faults.happened(fault) for fault in met] == [1] * len(met)
    assert len(asked(sandbox)) <= len(tickets) + 2
    assert "Traceback" not in processes.log("worker")


# -- The connection


class TestWithoutConnection:
    @pytest.fixture
    def proxies(self, sandbox: Sandbox) -> Iterator[dict[str, TcpProxy]]:
        made = {
            "ZENDESK_URL": TcpProxy(urlsplit(sandbox.zendesk.url).port or 0),
            "LOGROCKET_API_URL": TcpProxy(urlsplit(sandbox.logrocket.url).port or 0),
        }
        for each in made.values():
            each.open()
        yield made
        for each in made.values():
            each.close()

    @pytest.fixture
    def environ(self, environ: dict[str, str], proxies: dict[str, TcpProxy]) -> dict[str, str]:
        return {**environ, **{name: f"http://127.0.0.1:{proxy.port}" for name, proxy in proxies.items()}}

    def test_a_refused_connection_is_tried_again_without_waiting_for_a_write(
        self, sandbox: Sandbox, product: InProcess, proxies: dict[str, TcpProxy]
    ) -> None:
        proxies["LOGROCKET_API_URL"].close()
        proxies["ZENDESK_URL"].close()
        number = sandbox.zendesk.file_ticket(requester=ADA)
        wait_for(lambda: worked(product) and product.entry(number).last_error)
        entry = product.entry(number)
        assert entry.last_error == "Zendesk cannot be reached"  # where the ticket is read
        assert (
            entry.claim.not_before - product.ledger.reader.now() < product.settings.settle_seconds
        )  # nothing was sent

        proxies["ZENDESK_URL"].open()
        wait_for(lambda: worked(product) and product.entry(number).last_error == "LogRocket cannot be reached")

        sandbox.logrocket.callbacks = "none"
        proxies["LOGROCKET_API_URL"].open()
        product.work_until(number, State.REQUESTED)
        proxies["ZENDESK_URL"].close()
        [request_id] = sandbox.logrocket.results
        assert sandbox.logrocket.call_back(request_id) == 202
        product.work_until(number, State.READY)
        wait_for(lambda: worked(product) and product.entry(number).last_error)
        assert product.entry(number).last_error == "Zendesk cannot be reached"

        proxies["ZENDESK_URL"].open()
        one_note_each(product, sandbox, [number])
        assert len(updates(sandbox)) == 1

    def test_a_kept_connection_that_was_cut_meanwhile_costs_nothing(
        self, sandbox: Sandbox, product: InProcess, proxies: dict[str, TcpProxy]
    ) -> None:
        make_room(sandbox)
        first = sandbox.zendesk.file_ticket(requester=ADA)
        one_note_each(product, sandbox, [first])
        for proxy in proxies.values():
            proxy.cut()
        second = sandbox.zendesk.file_ticket(requester=ADA)
        one_note_each(product, sandbox, [first, second])
        assert len(updates(sandbox)) == 2


# -- Whatever an answer says


KEYS = (
    *("id", "ticket", "audit", "events", "type", "public", "comments", "next_page", "user", "requester_id", "email"),
    *("external_id", "status", "result", "sessions", "highlights", "requestID", "recordingID", "sessionID", "links"),
    *(
        "html_body",
        "body",
        "count",
        "meta",
        "has_more",
        "access_token",
        "expires_in",
        "error",
        "description",
        "ticket_id",
    ),
)
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(("READY", "COMPLETE", "FAILED", "Comment", "closed", "deleted", "2026-11-24T10:00:00Z"))
)
JSON = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=25,
)


def outcome(call: Callable[[], object]) -> object:
    """What a call gives, or which of our errors it raises; any other error is the test's."""
    try:
        return call()
    except RemoteError as error:
        return error


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(answer=st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5) | JSON)
def test_no_answer_is_anything_but_an_outcome_or_an_error_of_ours(
    answer: object, sandbox: Sandbox, product: InProcess
) -> None:
    make_room(sandbox)
    desk, logrocket = product.desk, product.logrocket
    written = compose(Highlights(summary="x"), request_id=REQUEST_ID, links=LINKS, person=Person(email=ADA))
    calls: dict[Callable[[], object], tuple[type, ...]] = {
        lambda: desk.write(key(1), written): (Receipt,),
        lambda: desk.find_note(key(1), markers=["abc"]): (Receipt, type(None)),
        lambda: desk.find_any_note(key(1)): (Receipt, type(None)),
        lambda: desk.details(key(1)): (Details,),
        lambda: desk.merged_into(key(1)): (str, type(None)),
        lambda: logrocket.ask(Person(email=ADA), callback_url="http://127.0.0.1/"): (str,),
        lambda: logrocket.result("abc"): (Result, type(None)),
    }
    body = json.dumps(answer)
    for call, expected in calls.items():
        sandbox.faults.clear()
        for service in ("zendesk", "logrocket"):
            sandbox.faults.add(Fault(service=service, path="^/(api/v2|v1)/", status=200, body=body, times=2))
        assert isinstance(outcome(call), (*expected, RemoteError))


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(answer=st.dictionaries(st.sampled_from(("access_token", "expires_in", "scope")), JSON, max_size=3) | JSON)
def test_no_answer_to_the_request_for_a_token_is_anything_but_an_error_of_ours(
    answer: object, sandbox: Sandbox, product: InProcess
) -> None:
    make_room(sandbox)
    product.desk._zendesk.credentials.renew()
    sandbox.faults.clear()
    sandbox.faults.add(TOKEN.meets(Fault(service="zendesk", status=200, body=json.dumps(answer), times=1)))
    assert isinstance(outcome(lambda: product.desk.find_note(key(1), markers=["abc"])), RemoteError)


PENDING: Final = b'{"status": "PENDING"}'


@contextlib.contextmanager
def answering(*pieces: bytes, pause: float = 0.0, head: bytes = b"") -> Iterator[tuple[str, list[int]]]:
    """A server that answers each request alike, `pause` before each piece of the body; and how many pieces it sent."""
    sent: list[int] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline() not in (b"\r\n", b""):
                pass
            length = b"Content-Length: %d" % sum(map(len, pieces))
            with contextlib.suppress(OSError):
                self.wfile.write(b"\r\n".join((b"HTTP/1.1 200 OK", length, *([head] if head else []), b"", b"")))
                sent.append(0)
                for piece in pieces:
                    time.sleep(pause)
                    self.wfile.write(piece)
                    sent[-1] += 1

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", sent
        finally:
            server.shutdown()
            thread.join()


def polled(environ: dict[str, str], url: str) -> object:
    logrocket = LogRocket(from_environment({**environ, "LOGROCKET_API_URL": url}).of(LogRocketSettings))
    with logrocket._session:
        return outcome(lambda: logrocket.result("abc"))


def padded(size: int) -> bytes:
    """An answer that is right in all but its size."""
    return PENDING + b" " * (size - len(PENDING))


def test_an_answer_of_the_largest_size_is_read_and_none_above_it(environ: dict[str, str]) -> None:
    with answering(padded(MAX_ANSWER_BYTES)) as (url, _):
        assert isinstance(polled(environ, url), Result)
    with answering(padded(MAX_ANSWER_BYTES + 1)) as (url, _):
        assert isinstance(polled(environ, url), RemoteError)


def test_an_answer_without_end_is_not_read_to_its_end(environ: dict[str, str]) -> None:
    with answering(PENDING, *[b" " * 1024 * 1024] * 100) as (url, sent):
        assert isinstance(polled(environ, url), RemoteError)
        assert sent[0] < 30  # megabytes: those that were read, and those that wait in the system's buffers


def test_an_answer_that_unpacks_to_gigabytes_is_given_up_early(environ: dict[str, str]) -> None:
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = squeeze.compress(padded(MAX_ANSWER_BYTES + 1)) + squeeze.flush()
    assert len(bomb) < 20_000
    with answering(bomb, head=b"Content-Encoding: gzip") as (url, _):
        assert isinstance(polled(environ, url), RemoteError)


def test_an_answer_that_comes_in_drops_is_given_up_in_time(environ: dict[str, str]) -> None:
    """Each drop comes soon enough, and all together come too late; the bound is 12 s, and may be another one."""
    drops = [PENDING[at : at + 1] for at in range(len(PENDING))]
    with answering(*drops, pause=0.1) as (url, _):
        assert isinstance(polled(environ, url), Result)
    with answering(*drops, pause=0.1) as (url, sent):
        session = ServiceSession(ServiceAdapter("LogRocket", url, seconds=0.5))
        assert isinstance(outcome(lambda: session.get(f"{url}/x")), RemoteError)
        assert sent[0] < len(PENDING) - 1
