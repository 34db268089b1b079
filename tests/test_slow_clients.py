"""Clients that send slowly, stop in the middle, or send too much: they hold up nobody but themselves."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from tests.conftest import Processes
from tests.test_web import TICKET, signed

HALF_A_HEADER = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\nX-Slow"
HALF_A_BODY = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{"
HALF_A_CHUNK = b"POST /logrocket/highlights HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"
HELD_UP = 25  # seconds: a platform kills what has not ended 30 s after SIGTERM
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
    head = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\n" + length + b"\r\n\r\n"
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
            began = time.monotonic()
            assert processes.stop("web") == 0
    assert time.monotonic() - began < HELD_UP


def test_a_slow_body_does_not_hold_up_the_end_for_long(processes: Processes) -> None:
    processes.start("web")
    with slow_clients(processes.port, 3):
        began = time.monotonic()
        assert processes.stop("web") == 0
    assert time.monotonic() - began < HELD_UP
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
