"""Faults: what goes wrong when somebody wants it to, in Python and over HTTP."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
import requests

from sandbox import Fault, MalformedFault, Sandbox, ticket_fault

Call = Callable[..., requests.Response]

NOTE = {"ticket": {"comment": {"html_body": "x", "public": False}}}


@pytest.fixture
def put(sandbox: Sandbox, api: Call) -> Callable[[], requests.Response]:
    """Adds a note to the one ticket."""
    number = sandbox.zendesk.file_ticket()
    return lambda: api("PUT", f"tickets/{number}", json=NOTE)


def fault(**facts: Any) -> Fault:  # noqa: ANN401  # whatever a fault has
    return Fault(service="zendesk", method="PUT", path=r"^/api/v2/tickets/", **facts)


def notes(sandbox: Sandbox) -> int:
    return len(sandbox.zendesk.internal_notes())


def test_a_status_is_answered_without_handling(sandbox: Sandbox, put: Call) -> None:
    sandbox.faults.add(fault(status=503, headers={"Retry-After": "2"}, body='{"error": "busy"}'))
    answer = put()
    assert (answer.status_code, answer.headers["Retry-After"], answer.json()) == (503, "2", {"error": "busy"})
    assert answer.headers["Content-Type"].startswith("application/json")
    assert notes(sandbox) == 0
    assert put().status_code == 200


def test_a_status_may_hide_a_write_that_happened(sandbox: Sandbox, put: Call) -> None:
    sandbox.faults.add(fault(status=502, handle=True, body="<h1>Bad gateway</h1>"))
    answer = put()
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/plain; charset=utf-8")
    assert notes(sandbox) == 1


@pytest.mark.parametrize("status", [403, 404, 422, 429])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_one_ticket_is_refused_and_no_other(
    sandbox: Sandbox, api: Call, status: Literal[403, 404, 422, 429], method: Literal["GET", "PUT"]
) -> None:
    number, other = sandbox.zendesk.file_ticket(), sandbox.zendesk.file_ticket()
    sandbox.faults.add(ticket_fault(number, status, method=method))
    asked = {way: api(way, f"tickets/{number}.json", json=NOTE) for way in ("GET", "PUT")}
    assert asked.pop(method).status_code == status
    assert [answer.status_code for answer in asked.values()] == [200]
    assert api(method, f"tickets/{other}", json=NOTE).status_code == 200


def test_a_ticket_has_its_own_429_while_the_account_has_room(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    sandbox.faults.add(ticket_fault(number, 429, method="PUT"))
    told = api("PUT", f"tickets/{number}", json=NOTE).headers
    assert (told["Retry-After"], "remaining=97" in told["zendesk-ratelimit-tickets-update"]) == ("90", True)


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize(("drop", "written"), [("before", 0), ("after", 1)])
def test_a_dropped_connection_gets_no_answer(
    sandbox: Sandbox, put: Call, drop: str, written: int, *, reset: bool
) -> None:
    sandbox.faults.add(fault(drop=drop, reset=reset))
    with pytest.raises(requests.ConnectionError, match="reset by peer" if reset else "without response"):
        put()
    assert (notes(sandbox), sandbox.zendesk.requests[-1].status) == (written, None)


def test_a_slow_answer_is_the_real_one(sandbox: Sandbox, put: Call) -> None:
    sandbox.faults.add(fault(delay=0.1, delay_after=0.1))
    began = time.monotonic()
    assert put().status_code == 200
    assert time.monotonic() - began > 0.2


@pytest.mark.parametrize(("drip", "comes_at_once"), [("headers", b"H"), ("body", b"\r\n\r\n{")])
def test_an_answer_may_come_a_byte_a_second(sandbox: Sandbox, drip: str, comes_at_once: bytes) -> None:
    sandbox.faults.add(Fault(service="zendesk", drip=drip))  # type: ignore[arg-type]  # one of its two words
    with socket.create_connection(("127.0.0.1", urlsplit(sandbox.zendesk.url).port or 0), timeout=30) as line:
        began, received = time.monotonic(), b""
        line.sendall(b"GET /api/v2/users/me.json HTTP/1.1\r\nHost: a\r\n\r\n")
        while not received.endswith(comes_at_once):
            received += line.recv(1)
        assert time.monotonic() - began < len(received) + 10  # and not a second for each byte
        line.recv(1)
        assert time.monotonic() - began > 0.9


def test_a_write_may_land_after_its_answer(sandbox: Sandbox, put: Call, until: Callable[..., None]) -> None:
    sandbox.faults.add(fault(status=520, late=0.2))
    assert put().status_code == 520
    assert notes(sandbox) == 0
    until(lambda: notes(sandbox) == 1)


def test_a_caller_that_gave_up_does_not_undo_the_write(
    sandbox: Sandbox, token: Callable[..., str], until: Callable[..., None]
) -> None:
    url = f"{sandbox.zendesk.url}/api/v2/tickets/{sandbox.zendesk.file_ticket()}"
    sandbox.faults.add(fault(delay=0.2))
    with pytest.raises(requests.ReadTimeout):
        requests.put(url, json=NOTE, headers={"Authorization": f"Bearer {token()}"}, timeout=0.05)
    assert notes(sandbox) == 0
    until(lambda: notes(sandbox) == 1)


def test_a_comment_may_become_public_against_the_callers_will(sandbox: Sandbox, put: Call) -> None:
    sandbox.faults.add(fault(public=True))
    [event] = put().json()["audit"]["events"]
    assert (event["public"], notes(sandbox)) == (True, 0)


def test_faults_count_their_requests(sandbox: Sandbox, put: Call) -> None:
    sandbox.faults.add(fault(status=500, after=1, times=2))
    assert [put().status_code for _ in range(4)] == [200, 500, 500, 200]


def test_a_fault_may_last_until_all_are_cleared(sandbox: Sandbox, put: Call) -> None:
    sandbox.faults.add(fault(status=500, times=None))
    assert [put().status_code for _ in range(3)] == [500] * 3
    sandbox.faults.clear()
    assert put().status_code == 200


def test_a_fault_meets_only_what_it_speaks_of(sandbox: Sandbox, put: Call, ask: Call) -> None:
    sandbox.faults.add(Fault(service="logrocket", path=r"/highlights/$", status=500))
    assert put().status_code == 200
    assert ask({"userID": "u"}).status_code == 500


def test_the_path_of_a_fault_is_searched_in_the_query_too(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    sandbox.faults.add(Fault(service="zendesk", path=r"comments.*page\[size\]=7", status=500))
    assert api("GET", f"tickets/{number}/comments").status_code == 200
    assert api("GET", f"tickets/{number}/comments?page[size]=7").status_code == 500


def test_faults_are_set_listed_and_cleared_over_http(sandbox: Sandbox, put: Call) -> None:
    url = f"{sandbox.zendesk.url}/sandbox/api/faults"
    assert requests.post(url, json={"service": "zendesk", "method": "put", "status": 500}, timeout=5).status_code == 201
    assert put().status_code == 500
    [listed] = requests.get(url, timeout=5).json()["faults"]
    assert (listed["status"], listed["happened"]) == (500, 1)
    assert requests.delete(url, timeout=5).status_code == 204
    assert requests.get(url, timeout=5).json() == {"faults": []}


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ([], "object"),
        ({}, "service"),
        ({"service": "github"}, "service"),
        ({"service": "zendesk", "colour": 1}, "colour"),
        ({"service": "zendesk", "method": 1}, "method"),
        ({"service": "zendesk", "path": "("}, "path"),
        ({"service": "zendesk", "path": 5}, "path"),
        ({"service": "zendesk", "times": 0}, "times"),
        ({"service": "zendesk", "times": True}, "times"),
        ({"service": "zendesk", "after": -1}, "after"),
        ({"service": "zendesk", "status": 99}, "status"),
        ({"service": "zendesk", "status": 999}, "status"),
        ({"service": "zendesk", "status": "503"}, "status"),
        ({"service": "zendesk", "body": {}}, "body"),
        ({"service": "zendesk", "headers": {"A": 1}}, "headers"),
        ({"service": "zendesk", "headers": {"A": "b\r\nC: d"}}, "headers"),
        ({"service": "zendesk", "delay": -1}, "delay"),
        ({"service": "zendesk", "delay": 1e9}, "delay"),
        ({"service": "zendesk", "drop": "sometimes"}, "drop"),
        ({"service": "zendesk", "reset": "yes"}, "reset"),
    ],
)
def test_a_malformed_fault_is_refused_with_the_reason(sandbox: Sandbox, data: object, named: str) -> None:
    answer = requests.post(f"{sandbox.zendesk.url}/sandbox/api/faults", json=data, timeout=5)
    assert (answer.status_code, named in answer.json()["error"]) == (400, True)
    assert sandbox.faults.as_json() == []


def test_a_malformed_fault_is_refused_in_python_too() -> None:
    with pytest.raises(MalformedFault, match="times"):
        Fault(service="zendesk", times=0)
