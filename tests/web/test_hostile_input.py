"""Both endpoints under a fuzzer: whatever comes, an answer of the contract, and nothing in Redis for strangers."""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis import Redis
from werkzeug.datastructures import Headers

from integration.cases.entry import FINAL
from integration.logrocket import callback
from integration.settings import Settings
from integration.zendesk.settings import ZendeskSettings
from tests.conftest import InProcess, traces
from tests.deliver import signed
from tests.tickets import key, new_ticket

fuzzed = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

TICKETS, HIGHLIGHTS = "/zendesk/tickets", callback.PATH
STRANGERS = {400, 401, 404, 405, 411, 413, 415, 431}  # 400: a header or a query that is none
NAMES = st.sampled_from(
    [
        "X-Zendesk-Webhook-Signature",
        "X-Zendesk-Webhook-Signature-Timestamp",
        "X-Zendesk-Webhook-Id",
        "Content-Type",
        "Content-Encoding",
        "Authorization",
        "Cookie",
        "Expect",
        "X-Forwarded-For",
        "X-HTTP-Method-Override",
        "Accept",
        "Range",
        "If-Match",
    ]
)
VALUES = st.text(st.characters(min_codepoint=0, max_codepoint=255, exclude_characters="\r\n"), max_size=120) | (
    st.sampled_from(
        ["", "0", "2026-11-25T00:00:00Z", "A" * 43 + "=", "application/json", "gzip", "\xff\xfe", "Basic Og=="]
    )
)
QUERIES = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=200) | st.builds(
    "ticket_id={}&token={}".format, st.integers() | st.text(max_size=5), st.text(max_size=60)
)
NUMBERS = itertools.count(1)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=15), inner, max_size=5),
    max_leaves=15,
)
FIELDS = st.sampled_from(["ticket_id", "requester_email", "requester_external_id", "type", "detail", "id"])
RESULT_FIELDS = st.sampled_from(["status", "result", "requestID", "appID", "highlights", "sessions", "recordingID"])
STATUSES = st.sampled_from(["READY", "COMPLETE", "FAILED", "PENDING", "ready", "", "?"])


@pytest.fixture
def client(product: InProcess) -> FlaskClient:
    return product.app.test_client()


def signed_headers(body: bytes, known: Settings) -> dict[str, str]:
    return signed(body, known.of(ZendeskSettings).webhook_secrets[0], at=datetime.now(UTC))


def callback_query(known: Settings, ticket_id: int) -> str:
    url = callback.address("", key(ticket_id), secret_keys=known.secret_keys, now=time.time())
    return url.partition("?")[2]


# -- Strangers


@fuzzed
@given(
    path=st.sampled_from([TICKETS, HIGHLIGHTS]),
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE"]),
    query=QUERIES,
    headers=st.lists(st.tuples(NAMES, VALUES), max_size=6),
    body=st.binary(max_size=3000) | JSON.map(lambda found: json.dumps(found).encode()),
)
@example(path=TICKETS, method="POST", query="", headers=[("X-Zendesk-Webhook-Signature", "\xe9" * 44)], body=b"{}")
@example(path=HIGHLIGHTS, method="POST", query="ticket_id=1&token=" + "%ff" * 50, headers=[], body=b"{}")
@example(path=HIGHLIGHTS, method="POST", query="ticket_id=1&ticket_id=1&token=a&token=b", headers=[], body=b"")
def test_a_stranger_gets_a_refusal_and_leaves_no_trace(  # noqa: PLR0917 -- hypothesis gives them by name
    path: str,
    method: str,
    query: str,
    headers: list[tuple[str, str]],
    body: bytes,
    client: FlaskClient,
    redis: Redis,
) -> None:
    before = traces(redis)
    answer = client.open(path, method=method, query_string=query, headers=Headers(headers), data=body)
    assert answer.status_code in STRANGERS | ({200} if method == "OPTIONS" else set())
    assert traces(redis) == before


# -- Zendesk, signed, whatever it sends


@fuzzed
@given(body=st.binary(max_size=2000) | JSON.map(lambda found: json.dumps(found).encode()))
@example(body=b'{"ticket_id": "1", ' + b"[" * 100_000)
@example(body=b'{"ticket_id": ' + b"9" * 5000 + b"}")
@example(body=b"\xff\xfe{")
def test_any_signed_body_is_taken_or_refused(body: bytes, client: FlaskClient, product: InProcess) -> None:
    answer = client.post(TICKETS, data=body, headers=signed_headers(body, product.settings))
    assert answer.status_code in {200, 202, 204, 400}


@fuzzed
@given(found=st.dictionaries(FIELDS, JSON, max_size=6))
def test_any_signed_object_is_taken_or_refused(
    found: dict[str, object], client: FlaskClient, product: InProcess, redis: Redis
) -> None:
    body = json.dumps(found).encode()
    known = redis.zcard("highlights:received")
    answer = client.post(TICKETS, data=body, headers=signed_headers(body, product.settings))
    assert answer.status_code in {200, 202, 204, 400}
    assert redis.zcard("highlights:received") - known == (answer.status_code == 202)


# -- LogRocket, with a token, whatever it sends


@fuzzed
@given(
    found=st.dictionaries(RESULT_FIELDS, JSON | STATUSES, max_size=6)
    | st.fixed_dictionaries(
        {"status": STATUSES, "result": st.dictionaries(RESULT_FIELDS, JSON | st.lists(JSON, max_size=3), max_size=4)}
    ),
)
def test_any_callback_with_a_token_is_taken_or_refused(
    found: dict[str, object], client: FlaskClient, product: InProcess
) -> None:
    ticket_id = next(NUMBERS)
    product.ledger.receive(new_ticket(ticket_id, email="ada@shop.example"))
    query = callback_query(product.settings, ticket_id)
    answer = client.post(HIGHLIGHTS, query_string=query, data=json.dumps(found).encode())
    assert answer.status_code in {200, 202, 400}
    assert product.entry(ticket_id).state not in FINAL  # nothing is believed before a request is on record


@fuzzed
@given(body=st.binary(max_size=2000))
def test_any_bytes_with_a_token_are_refused(body: bytes, client: FlaskClient, product: InProcess) -> None:
    answer = client.post(HIGHLIGHTS, query_string=callback_query(product.settings, 1), data=body)
    assert answer.status_code in {200, 400}
