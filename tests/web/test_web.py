"""The two endpoints over real HTTP: statuses, limits, and what happens when Redis is away."""

from __future__ import annotations

import http.client
import json
import socket
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests
from redis import Redis

from integration.settings import Settings, from_environment
from integration.web.app import create_app
from integration.zendesk.settings import ZENDESK_TEST_SECRET, ZendeskSettings
from tests.conftest import InProcess, wait_for
from tests.deliver import TICKET, deliver, post, signed
from tests.ports import free_port
from tests.variables import with_zendesk

# -- It works


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    """Those of a product without a status page."""
    return {**environ, "ADMIN_PASSWORD": ""}


def test_a_new_ticket_is_queued_and_a_second_delivery_is_known(product: InProcess) -> None:
    assert [deliver(product).status_code for _ in range(3)] == [202, 200, 200]


def test_another_kind_of_event_is_ignored(product: InProcess, redis: Redis) -> None:
    body = b'{"type": "zen:event-type:ticket.status_changed", "detail": {"id": "5158"}}'
    answer = deliver(product, body)
    assert (answer.status_code, answer.content) == (204, b"")
    assert redis.keys("highlights:case:zendesk-*") == []


def test_accepting_a_ticket_is_one_round_trip(product: InProcess, redis: Redis) -> None:
    deliver(product)  # opens the connection
    wait_for(lambda: redis.exists(product.settings.keys.doors))  # that it was verified is written once in a while
    before = redis.info("commandstats")
    deliver(product, b'{"ticket_id": 124}')
    after = redis.info("commandstats")
    calls = {
        name.removeprefix("cmdstat_"): after[name]["calls"] - before.get(name, {"calls": 0})["calls"]
        for name in after
        if after[name]["calls"] != before.get(name, {"calls": 0})["calls"]
    }
    assert calls.pop("evalsha") == 1
    inside_the_script = {"sadd", "hset", "rpush", "exists", "time", "set", "zadd", "expire", "info"}
    inside_the_script |= {"hincrby", "zscore", "get", "hmget"}
    assert set(calls) <= inside_the_script


def test_health_is_told(product: InProcess) -> None:
    for path in ("/healthz", "/readyz"):
        assert requests.get(product.settings.public_url + path, timeout=5).status_code == 200


# -- It refuses


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Zendesk-Webhook-Signature": "x"},
        {"X-Zendesk-Webhook-Signature": "é" * 44, "X-Zendesk-Webhook-Signature-Timestamp": "2026-11-24T10:00:00Z"},
        {"X-Zendesk-Webhook-Signature": "A" * 43 + "=", "X-Zendesk-Webhook-Signature-Timestamp": "yesterday"},
        {"X-Zendesk-Webhook-Signature": "A" * 43 + "=", "X-Zendesk-Webhook-Signature-Timestamp": "1795540759"},
        {"X-Zendesk-Webhook-Signature": "A" * 43 + "=", "X-Zendesk-Webhook-Signature-Timestamp": "²" * 20},
    ],
)
def test_hostile_headers_are_unauthorized(headers: dict[str, str], product: InProcess, redis: Redis) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(product.settings.public_url).port, timeout=10)
    encoded = {name: value.encode("utf-8") for name, value in headers.items()}
    connection.request("POST", "/zendesk/tickets", body=TICKET, headers=encoded)
    answer = connection.getresponse()
    assert (answer.status, answer.read()) == (401, b"unauthorized\n")
    connection.close()
    assert redis.keys("highlights:*") == []


@pytest.mark.parametrize("minutes", [-16, 16])
def test_a_stale_signature_is_unauthorized(minutes: int, product: InProcess) -> None:
    secret = product.settings.of(ZendeskSettings).webhook_secrets[0]
    headers = signed(TICKET, secret, at=datetime.now(UTC) + timedelta(minutes=minutes))
    assert post(product, TICKET, headers).status_code == 401


def test_the_public_test_secret_opens_nothing(product: InProcess) -> None:
    assert post(product, TICKET, signed(TICKET, ZENDESK_TEST_SECRET)).status_code == 401


class TestWithThePublicTestSecretSet:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        """Settings as no process gets them: such a secret is refused at the start."""
        return with_zendesk(settings, webhook_secrets=(ZENDESK_TEST_SECRET, "another-secret"))

    def test_it_still_opens_nothing(self, product: InProcess) -> None:
        assert post(product, TICKET, signed(TICKET, ZENDESK_TEST_SECRET)).status_code == 401

    def test_the_other_secret_is_accepted(self, product: InProcess) -> None:
        assert post(product, TICKET, signed(TICKET, "another-secret")).status_code == 202


class TestWithoutASecret:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "ZENDESK_WEBHOOK_SECRET": " "}

    def test_nothing_is_accepted_and_zendesk_is_told_to_come_back(self, product: InProcess) -> None:
        answer = post(product, TICKET, signed(TICKET, ""))
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) < 60


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b'{"ticket_id": "0"}', b'{"ticket_id": true}', b"\xff\xfe", b"{}"]
)
def test_a_signed_body_without_a_ticket_is_unusable(body: bytes, product: InProcess) -> None:
    assert deliver(product, body).status_code == 400


def test_a_body_over_the_limit_is_refused(product: InProcess) -> None:
    body = b'{"ticket_id": "1", "x": "' + b"x" * 256 * 1024 + b'"}'
    assert deliver(product, body).status_code == 413


def test_a_body_over_the_limit_is_refused_before_it_is_read(product: InProcess) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(product.settings.public_url).port or 0), timeout=5) as line:
        line.sendall(b"POST /zendesk/tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
        assert b"413" in line.recv(100)


@pytest.mark.parametrize(
    "query",
    ["", "?ticket_id=1", "?ticket_id=1&token=x", "?ticket_id=1&ticket_id=2&token=x", "?token=%00%ff&ticket_id=1"],
)
def test_a_callback_without_a_valid_token_is_unauthorized(query: str, product: InProcess) -> None:
    answer = requests.post(f"{product.settings.public_url}/logrocket/highlights{query}", data=b"x", timeout=5)
    assert (answer.status_code, answer.text) == (401, "unauthorized\n")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/zendesk/tickets", 405), ("POST", "/nowhere", 404), ("GET", "/", 404), ("GET", "/metrics", 404)],
)
def test_other_requests_are_refused_in_a_line(method: str, path: str, status: int, product: InProcess) -> None:
    answer = requests.request(method, product.settings.public_url + path, timeout=5)
    assert answer.status_code == status
    assert len(answer.text) < 40


# -- It survives


def test_without_redis_zendesk_is_told_to_come_back(environ: dict[str, str]) -> None:
    settings = from_environment({**environ, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
    client = create_app(settings).test_client()
    answer = client.post("/zendesk/tickets", data=TICKET, headers=signed(TICKET, environ["ZENDESK_WEBHOOK_SECRET"]))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) < 60
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200


def test_a_redis_that_refuses_writes_loses_nothing(product: InProcess, redis: Redis) -> None:
    redis.config_set("maxmemory", "1")
    try:
        assert deliver(product).status_code == 503
    finally:
        redis.config_set("maxmemory", "0")
    assert deliver(product).status_code == 202
    assert json.loads(redis.get("highlights:case:zendesk-123") or b"{}")["person"]["email"] == "ada@shop.example"
