"""Clients that send slowly, stop in the middle, or send too much: they hold up nobody but themselves."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import socket
import time
from collections.abc import Callable, Iterator

import pytest
import requests

from tests.attacks import ATTACKS, Siege, half_a_body, header_lines, looks_signed, seconds_of_a_delivery
from tests.conftest import Processes, wait_for
from tests.deliver import TICKET, signed

pytestmark = pytest.mark.slow

HALF_A_HEADER = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\nX-Slow"
HALF_A_BODY = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"
HALF_A_CHUNK = b"POST /logrocket/highlights HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
MANY = 50  # of each: far more than there would be threads


@contextlib.contextmanager
def slow_clients(port: int, count: int) -> Iterator[list[socket.socket]]:
    """`count` clients of each kind, in the middle of their requests."""
    with contextlib.ExitStack() as ends:
        clients = []
        for said in (HALF_A_HEADER, HALF_A_BODY, HALF_A_CHUNK, b"") * count:
            client = ends.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            client.sendall(said)
            clients.append(client)
        yield clients


def test_many_slow_clients_do_not_hold_up_a_delivery(processes: Processes, environ: dict[str, str]) -> None:
    processes.start("web")
    with slow_clients(processes.port, MANY) as clients:
        for number in range(20):
            body = TICKET.replace(b"123", str(1000 + number).encode())
            headers = signed(body, environ["ZENDESK_WEBHOOK_SECRET"])
            answer = requests.post(f"{processes.url}/zendesk/tickets", data=body, headers=headers, timeout=5)
            assert answer.status_code == 202
            for client in clients:
                with contextlib.suppress(OSError):
                    client.sendall(b"x")


@pytest.mark.parametrize(
    "length", [b"Content-Length: 10000000000", b"Transfer-Encoding: chunked"], ids=["announced", "chunked"]
)
def test_a_body_over_the_limit_is_refused_before_its_end(length: bytes, processes: Processes) -> None:
    processes.start("web")
    head = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\n" + header_lines(looks_signed()) + length + b"\r\n\r\n"
    with socket.create_connection(("127.0.0.1", processes.port), timeout=10) as client:
        client.sendall(head)
        if length.startswith(b"Transfer"):
            client.sendall((b"%x\r\n" % (300 * 1024)) + b"x" * (300 * 1024) + b"\r\n")
        assert client.recv(64).startswith(b"HTTP/1.1 413 ")


def test_idle_connections_do_not_hold_up_the_end(processes: Processes) -> None:
    processes.start("web")
    with requests.Session() as client:
        assert client.get(f"{processes.url}/healthz", timeout=5).status_code == 200  # and stays connected
        with socket.create_connection(("127.0.0.1", processes.port), timeout=10):
            assert processes.stop("web") == 0
    assert "graceful timeout" not in processes.log("web")  # gunicorn's words when it had to wait


def test_a_slow_body_does_not_hold_up_the_end_for_long(processes: Processes) -> None:
    processes.start("web")
    with slow_clients(processes.port, 3):
        began = time.monotonic()
        assert processes.stop("web") == 0
    assert time.monotonic() - began < 20
    assert "Traceback" not in processes.log("web")


@pytest.mark.parametrize("chunk", [b"ZZ\r\nx\r\n", b"1\r\nxyz\r\n0\r\n\r\n"], ids=["size", "end"])
def test_a_malformed_chunk_is_unusable(chunk: bytes, processes: Processes) -> None:
    processes.start("web")
    head = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", processes.port), timeout=10) as client:
        client.sendall(head + chunk)
        assert client.recv(64).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 "))
    assert "internal error" not in processes.log("web")


def test_what_gunicorn_says_of_a_broken_request_shows_no_secret(processes: Processes) -> None:
    processes.start("web")
    for said in (
        b"GET /logrocket/highlights?ticket_id=1&token=SECRETTOKEN\r\n\r\n",
        b"GET / HTTP/1.1\r\nAuthorization Basic YWRtaW46c2VjcmV0\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad header ann@example.com\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", processes.port), timeout=10) as client:
            client.sendall(said)
            client.recv(64)
    log = processes.log("web")
    assert "Invalid" in log
    assert not any(each in log for each in ("SECRETTOKEN", "YWRtaW46c2VjcmV0", "ann@example.com"))


@contextlib.contextmanager
def answered(port: int) -> Iterator[http.client.HTTPConnection]:
    """A connection that has been answered once, and stays."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.auto_open = 0  # it is not opened a second time
    client.connect()
    with contextlib.closing(client):
        ask(client)
        yield client


def ask(client: http.client.HTTPConnection) -> None:
    client.request("GET", "/healthz")
    answer = client.getresponse()
    assert (answer.status, answer.read()) == (200, b"ok\n")


def test_headers_have_a_short_time_and_idle_connections_a_long_one(processes: Processes) -> None:
    processes.start("web")
    with (
        answered(processes.port) as idle,
        socket.create_connection(("127.0.0.1", processes.port), timeout=30) as silent,
        socket.create_connection(("127.0.0.1", processes.port), timeout=30) as slow,
    ):
        slow.sendall(HALF_A_HEADER)
        began = time.monotonic()
        assert silent.recv(10) == slow.recv(10) == b""
        assert time.monotonic() - began > 4
        ask(idle)


def test_an_idle_connection_is_kept_as_long_as_is_set(processes: Processes) -> None:
    processes._environ["KEEP_ALIVE_SECONDS"] = "1"
    processes.start("web")
    with answered(processes.port) as idle:
        assert idle.sock.recv(10) == b""


def test_a_body_that_does_not_come_is_put_off(processes: Processes) -> None:
    processes.start("web")
    with socket.create_connection(("127.0.0.1", processes.port), timeout=60) as client:
        client.sendall(half_a_body(1000, 1))
        answer = client.recv(1000)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nRetry-After: 30\r\n" in answer
    assert b"\r\nConnection: close\r\n" in answer


@pytest.mark.parametrize("path", [b"/zendesk/tickets", b"/logrocket/highlights?ticket_id=1&token=x"])
def test_a_stranger_is_refused_before_the_body(path: bytes, processes: Processes) -> None:
    processes.start("web")
    with socket.create_connection(("127.0.0.1", processes.port), timeout=10) as client:
        client.sendall(b"POST " + path + b" HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
        assert client.recv(64).startswith(b"HTTP/1.1 401 ")


# -- A siege: more of them than there are places


PLACES = 60
STRANGERS = 100
SILENT = 300  # of those who say little: more than the process may have files
SOON = 10.0  # seconds that Zendesk waits; a busy machine makes use of them


@pytest.fixture
def besieged(processes: Processes, environ: dict[str, str]) -> Callable[[], float]:
    """One web process with few places; how long a genuine delivery takes."""
    processes._environ["WEB_CONCURRENCY"] = "1"
    processes._commands["web"] = f"sh -c 'ulimit -n {PLACES + 200} && exec {processes._commands['web']}'"
    processes.start("web")
    numbers = itertools.count(1)
    return lambda: seconds_of_a_delivery(processes.url, environ["ZENDESK_WEBHOOK_SECRET"], next(numbers))


@pytest.mark.parametrize("name", ATTACKS)
def test_a_genuine_delivery_gets_through_a_siege(
    name: str, processes: Processes, besieged: Callable[[], float]
) -> None:
    count = SILENT if name in {"silent connections", "slow headers", "idle connections"} else STRANGERS
    with Siege(processes.port, ATTACKS[name], count) as siege:
        for _ in range(3):
            assert besieged() < SOON
        if name == "half bodies of 255 KiB":  # all together are more than is held at once: some give way
            wait_for(lambda: siege.answers[b"503"] > 10)
    log = processes.log("web")
    assert "Traceback" not in log
    assert len(log.splitlines()) < 30
    assert max(map(len, log.splitlines())) < 400
