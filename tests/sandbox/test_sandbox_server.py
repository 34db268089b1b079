"""The HTTP server under both stand-ins: packets, connections, its record, its end."""

from __future__ import annotations

import socket
import threading
import time
from urllib.parse import urlsplit

import pytest
import requests

from sandbox import Fault, Sandbox

REQUEST = b"GET /api/v2/nothing HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def connected(sandbox: Sandbox) -> socket.socket:
    parts = urlsplit(sandbox.zendesk.url)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=5)


def test_an_answer_comes_in_one_packet_and_the_connection_stays(sandbox: Sandbox) -> None:
    with connected(sandbox) as client:
        for _ in range(2):
            client.sendall(REQUEST)
            packet = client.recv(65536)
            head, _, body = packet.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 401 Unauthorized\r\n")
            assert f"Content-Length: {len(body)}\r\n".encode() in head
            assert body.endswith(b"}\n")


def test_a_connection_is_closed_when_the_caller_wants_that(sandbox: Sandbox) -> None:
    with connected(sandbox) as client:
        client.sendall(REQUEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        assert client.recv(65536)
        assert client.recv(1) == b""


@pytest.mark.parametrize("header", [b"Transfer-Encoding: chunked", b"Content-Length: -1", b"Content-Length: x"])
def test_a_body_of_unknown_length_is_refused(sandbox: Sandbox, header: bytes) -> None:
    with connected(sandbox) as client:
        client.sendall(b"POST /oauth/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\n" + header + b"\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 411 ")


def test_half_a_request_harms_nobody(sandbox: Sandbox) -> None:
    with connected(sandbox) as client:
        client.sendall(b"POST /oauth/tokens HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\nhalf")
    assert requests.get(f"{sandbox.zendesk.url}/x", timeout=5).status_code == 404
    assert [seen.path for seen in sandbox.zendesk.requests] == ["/x"]


def test_requests_are_recorded_in_order_as_they_came(sandbox: Sandbox) -> None:
    url = f"{sandbox.zendesk.url}/oauth/tokens"
    requests.post(f"{url}?a=b%20c", data=b"\x00\xff", headers={"X-Mine": "1"}, timeout=5)
    requests.get(url, timeout=5)
    first, second = sandbox.zendesk.requests
    assert (first.method, first.path, first.body, first.status) == ("POST", "/oauth/tokens?a=b%20c", b"\x00\xff", 400)
    assert (first.headers["X-Mine"], second.method, second.status) == ("1", "GET", 404)
    assert first.at < second.at < time.monotonic()
    assert sandbox.logrocket.requests == []
    sandbox.zendesk.forget_requests()
    assert sandbox.zendesk.requests == []


def test_the_sandboxs_own_paths_are_not_recorded_and_meet_no_faults(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="zendesk", times=None, status=500))
    for path in ("/", "/sandbox/api/faults", "/sandbox/static/page.css"):
        assert requests.get(f"{sandbox.zendesk.url}{path}", timeout=5).status_code == 200
    assert sandbox.zendesk.requests == []


def test_only_this_machine_can_connect(sandbox: Sandbox) -> None:
    for url in (sandbox.zendesk.url, sandbox.logrocket.url):
        assert urlsplit(url).hostname == "127.0.0.1"


def test_nothing_is_left_when_it_stops(sandbox: Sandbox) -> None:
    before = set(threading.enumerate())
    with Sandbox() as other:
        other.zendesk.desk.deliverer.retry_pace = 1000
        other.zendesk.install_webhook(f"{other.logrocket.url}/")
        other.faults.add(Fault(service="logrocket", delay=60))
        other.zendesk.file_ticket()
        client = connected(other)
        client.sendall(REQUEST)
        assert client.recv(65536)
        port = urlsplit(other.zendesk.url).port
    with client:
        assert client.recv(1) == b""
    assert {thread for thread in threading.enumerate() if thread.is_alive()} - before == set()
    with Sandbox(zendesk_port=port or 0) as again:
        assert again.zendesk.url.endswith(f":{port}")
    assert requests.get(f"{sandbox.zendesk.url}/x", timeout=5).status_code == 404


def test_a_taken_port_is_an_error(sandbox: Sandbox) -> None:
    port = urlsplit(sandbox.zendesk.url).port or 0
    with pytest.raises(OSError, match="in use"):
        Sandbox(zendesk_port=port)
    with pytest.raises(OSError, match="in use"):
        Sandbox(logrocket_port=port)


def test_the_environment_points_at_both_services(sandbox: Sandbox) -> None:
    environment = sandbox.environment()
    assert environment["ZENDESK_URL"] == sandbox.zendesk.url
    assert environment["LOGROCKET_API_URL"] == sandbox.logrocket.url
    assert environment["LOGROCKET_APP_ID"] == "acme/shop"
    assert environment["LOGROCKET_API_KEY"].startswith("acme:shop:")
    assert set(environment) == {
        "ZENDESK_URL",
        "ZENDESK_SUBDOMAIN",
        "ZENDESK_CLIENT_ID",
        "ZENDESK_CLIENT_SECRET",
        "LOGROCKET_API_URL",
        "LOGROCKET_APP_ID",
        "LOGROCKET_API_KEY",
        "LOGROCKET_APP_URL",
    }
