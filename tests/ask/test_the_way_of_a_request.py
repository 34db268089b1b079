"""A request over HTTP, from the question to the result: through the real endpoints, jobs and LogRocket's stand-in."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from typing import Any, cast

import pytest
import requests
from redis import Redis
from standardwebhooks import Webhook

from integration.ask import answers
from integration.cases import stored
from integration.cases.changes import Decide
from integration.cases.entry import Entry, State
from integration.facts import CaseKey, Highlights
from integration.note import compose
from sandbox import Sandbox
from tests.ask.conftest import ADA, OTHER_TOKEN, SECRET, Asking, Client, Hook, fits
from tests.conftest import wait_for
from tests.note import notes

SECRETIVE = {**ADA, "question": "Why did the voucher SOMMER24 fail?", "reference": "deal 7"}


def asked_of(sandbox: Sandbox) -> list[dict[str, Any]]:
    """The bodies of the requests for highlights."""
    return [json.loads(request.body) for request in sandbox.logrocket.requests if request.method == "POST"]


def everything_in(redis: Redis) -> bytes:
    """All that Redis holds, as one text."""
    dumped = []
    for key in cast("list[bytes]", redis.keys("*")):
        kind = cast("bytes", redis.type(key)).decode()
        read = {"string": redis.get, "hash": redis.hgetall, "set": redis.smembers}.get(kind)
        value = read(key) if read else redis.zrange(key, 0, -1) if kind == "zset" else redis.lrange(key, 0, -1)
        dumped.append(key + b" " + repr(value).encode())
    return b"\n".join(dumped)


# -- It works


def test_who_asks_gets_the_summary_and_the_sessions(product: Asking, client: Client) -> None:
    asked = client.ask(SECRETIVE)
    assert (asked.status_code, asked.json()["status"]) == (202, "queued")
    case_id = asked.json()["id"]
    assert asked.json()["status_url"] == asked.headers["Location"] == f"{client.url}/v1/highlights/{case_id}"
    assert client.look(case_id).json()["status"] == "queued"

    assert product.work_on(case_id).state is State.POSTED
    result = client.look(case_id).json()
    assert (result["status"], result["reason"], result["reference"]) == ("ready", None, "deal 7")
    assert result["summary_text"]
    assert result["summary_markdown"]
    assert result["sessions"]
    assert all(session["url"].startswith("http") and session["text"] for session in result["sessions"])
    assert "ada%40shop.example" in result["all_sessions_url"]
    assert "Highlights request" not in json.dumps(result)  # the marker of notes


def test_logrocket_is_asked_the_question_about_the_time_that_was_named(
    sandbox: Sandbox, product: Asking, client: Client
) -> None:
    day = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-02T01:00:00+01:00"}
    case_id = client.ask({**SECRETIVE, **day}).json()["id"]
    product.work_on(case_id)
    [request] = asked_of(sandbox)
    assert request["question"] == SECRETIVE["question"]
    assert request["timeRange"] == {"startMs": 1793491200000, "endMs": 1793577600000}


def test_a_range_of_ones_own_is_not_left_when_nothing_is_found_in_it(
    sandbox: Sandbox, product: Asking, client: Client
) -> None:
    asked = {"email": "nobody@shop.example", "user_id": "u-none", "since": "2026-11-01T00:00:00Z"}
    sandbox.logrocket.script("EMPTY", "EMPTY")
    product.work_on(client.ask(asked).json()["id"])
    assert ["timeRange" in request for request in asked_of(sandbox)] == [True, True]  # one for each identity


def test_of_nobody_known_it_is_told_that_no_session_was_found(
    sandbox: Sandbox, product: Asking, client: Client, hook: Hook
) -> None:
    sandbox.logrocket.script("EMPTY", "EMPTY")
    case_id = client.ask({"email": "nobody@shop.example", "callback_url": hook.url}).json()["id"]
    product.work_on(case_id)
    result = client.look(case_id).json()
    assert (result["status"], result["summary_text"], result["sessions"]) == ("none", None, [])
    assert json.loads(hook.taken[0][1])["type"] == "highlights.none"


def test_a_callback_brings_the_result_signed_as_standard_webhooks_has_it(
    product: Asking, client: Client, hook: Hook
) -> None:
    case_id = client.ask({**SECRETIVE, "callback_url": hook.url}).json()["id"]
    product.work_on(case_id)
    [(headers, body)] = hook.taken
    event = Webhook(SECRET).verify(body, dict(headers))
    fits(event, "Event")
    assert event["type"] == "highlights.ready"
    assert event["data"] == client.look(case_id).json()
    assert headers["webhook-id"] == case_id
    assert headers["Host"] == f"localhost:{hook.port}"


# -- Asked twice


@pytest.mark.parametrize("again", ['"call-7"', "call-7"])
def test_the_same_key_with_the_same_body_finds_the_first_request(
    sandbox: Sandbox, product: Asking, client: Client, again: str
) -> None:
    first = client.ask(key="call-7")
    repeated = client.ask(key=again)
    in_body = client.ask({**ADA, "idempotency_key": "call-7"})
    assert [answer.status_code for answer in (first, repeated, in_body)] == [202, 200, 200]
    assert len({answer.json()["id"] for answer in (first, repeated, in_body)}) == 1
    product.work_on(first.json()["id"])
    assert client.ask(key="call-7").json()["status"] == "ready"
    assert len(asked_of(sandbox)) == 1


def test_the_same_key_with_another_body_is_refused(client: Client) -> None:
    client.ask(key="call-7")
    refused = client.ask(SECRETIVE, key="call-7")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "idempotency_key_reused")


def test_keys_are_each_clients_own(client: Client) -> None:
    theirs = Client(client.url, OTHER_TOKEN).ask(SECRETIVE, key="call-7")
    assert client.ask(key="call-7").status_code == theirs.status_code == 202


def test_without_a_key_each_call_is_a_new_request(client: Client) -> None:
    assert client.ask().json()["id"] != client.ask().json()["id"]


def test_a_repeat_takes_in_what_was_cut_off_after_it_was_written_down(product: Asking, client: Client) -> None:
    case_id = client.ask(key="call-7").json()["id"]
    product.redis.delete(product.settings.keys.case(f"ask-{case_id}"))  # as if it had never got that far
    assert client.ask(key="call-7").status_code == 200
    assert product.work_on(case_id).state is State.POSTED


# -- It refuses


def test_another_tokens_request_is_as_unknown_as_any(client: Client) -> None:
    case_id = client.ask().json()["id"]
    stranger = Client(client.url, OTHER_TOKEN)
    assert stranger.look(case_id).status_code == 404
    assert stranger.look(case_id).json() == stranger.look("f" * 32).json()
    assert client.look("zz").status_code == 404


@pytest.mark.parametrize("token", [None, "", "wrong", "crm", OTHER_TOKEN + "x", "ü"])
def test_without_a_token_nothing_is_told(product: Asking, client: Client, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    stranger = Client(client.url, None)
    refused = stranger.ask(b"{ not read", headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (401, "unauthorized")
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert stranger.look("f" * 32).status_code == 401
    assert product.ledger.reader.counts()[State.RECEIVED] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", None),
        (b"[]", None),
        (b'{"email": "a@b.example", "email": "c@d.example"}', None),
        ({}, "email"),
        ({"email": ""}, "email"),
        ({"email": 7}, "email"),
        ({"email": "ada"}, "email"),
        ({"email": "ada@shop.example" + "x" * 300}, "email"),
        ({"user_id": "x\u0000y"}, "user_id"),
        ({**ADA, "emial": "x"}, None),
        ({**ADA, "question": "x" * 501}, "question"),
        ({**ADA, "question": ["x"]}, "question"),
        ({**ADA, "since": "yesterday"}, "since"),
        ({**ADA, "since": "2026-11-01"}, "since"),
        ({**ADA, "since": "2026-11-01T00:00:00"}, "since"),
        ({**ADA, "since": 1793491200}, "since"),
        ({**ADA, "since": "0001-01-01T00:00:00+23:59"}, "since"),
        ({**ADA, "since": "2099-11-01T00:00:00Z"}, "since"),
        ({**ADA, "since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"}, "since"),
        ({**ADA, "until": "2099-11-01T00:00:00Z"}, "until"),
        ({**ADA, "reference": "x" * 201}, "reference"),
        ({**ADA, "callback_url": "https://evil.example/"}, "callback_url"),
        ({**ADA, "callback_url": "http://hooks.example/"}, "callback_url"),
        ({**ADA, "callback_url": "https://hooks.example:8443/"}, "callback_url"),
        ({**ADA, "callback_url": "https://hooks.example@evil.example/"}, "callback_url"),
        ({**ADA, "slack": True}, "slack"),
        ({**ADA, "slack": "yes"}, "slack"),
        ({**ADA, "idempotency_key": "x" * 256}, "idempotency_key"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_field_at_fault(
    product: Asking, client: Client, body: object, field: str | None
) -> None:
    refused = client.ask(body)
    assert (refused.status_code, refused.json()["error"]["field"]) == (400, field)
    assert "evil" not in refused.text
    assert product.ledger.reader.counts()[State.RECEIVED] == 0


def test_a_body_that_is_too_long_is_not_read(client: Client) -> None:
    assert client.ask({**ADA, "question": "x" * 20_000}).status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/highlights", 405),
        ("DELETE", "/v1/highlights/" + "f" * 32, 405),
        ("GET", "/v1/highlights/", 404),
        ("POST", "/v1/highlight", 404),
    ],
)
def test_an_address_or_a_method_that_is_none_is_answered_in_json_like_every_error(
    client: Client, method: str, path: str, status: int
) -> None:
    answer = requests.request(method, client.url + path, timeout=10)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    fits(answer.json(), "Error")


class TestFull:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "LOGROCKET_REQUESTS_PER_HOUR": "2"}

    def test_when_too_much_waits_new_requests_are_put_off_and_repeats_are_not(self, client: Client) -> None:
        client.ask(key="1")
        client.ask(key="2")
        refused = client.ask(key="3")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "too_many_requests")
        assert client.ask(key="1").status_code == 200


# -- Callbacks


def test_a_callback_that_was_not_taken_comes_again_under_the_same_id(
    product: Asking, client: Client, hook: Hook
) -> None:
    hook.answers = [500, 0, 429]
    case_id = client.ask({**ADA, "callback_url": hook.url}).json()["id"]

    def tried() -> bool:
        product.work()
        return bool(hook.taken)

    wait_for(tried)
    assert client.look(case_id).json()["status"] == "ready"  # whatever becomes of the callback
    assert product.work_on(case_id).state is State.POSTED
    assert [headers["webhook-id"] for headers, _ in hook.taken] == [case_id] * 4
    assert len({json.loads(body)["data"]["expires_at"] for _, body in hook.taken}) == 1
    assert all(Webhook(SECRET).verify(body, dict(headers)) for headers, body in hook.taken)


def record_of(product: Asking, case_id: str) -> dict[bytes, bytes]:
    """What is kept of a request."""
    return cast("dict[bytes, bytes]", product.redis.hgetall(product.settings.keys.kept(CaseKey(f"ask-{case_id}"))))


def lose_it_before_its_end_is_written(
    product: Asking, case_id: str, step: State, *, earlier: dict[bytes, bytes]
) -> None:
    """Work until a step is over; then another Redis goes on with an earlier record of the request."""
    key = CaseKey(f"ask-{case_id}")
    record, settle = product.settings.keys.kept(key), product.ledger.settle

    def lose_it_first(claimed: Entry, decide: Decide, **facts: object) -> Entry | None:
        if claimed.state is step:
            product.redis.delete(record)
            product.redis.hset(record, mapping=earlier)  # type: ignore[arg-type]  # bytes are allowed, too
            product.redis.incr(product.ledger.keys.clock)  # a part of what Redis' run is called
        return settle(claimed, decide, **facts)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(product.ledger, "settle", lose_it_first)

        def lost() -> bool:
            product.work()
            entry = product.case(case_id)
            return entry is not None and entry.redis_restarted

        wait_for(lost)
    entry = product.case(case_id)
    assert entry is not None
    assert (entry.state, entry.claim.lease) == (step, None)
    product.redis.set(product.ledger.keys.case(key), stored.dump(dataclasses.replace(entry, quiet_until=0)))
    product.redis.zadd(product.ledger.keys.due, {key: 0})


def test_a_result_that_redis_has_lost_before_its_end_was_written_is_kept_and_told_once_more(
    product: Asking, client: Client, hook: Hook
) -> None:
    case_id = client.ask({**ADA, "callback_url": hook.url}).json()["id"]
    asked = record_of(product, case_id)
    lose_it_before_its_end_is_written(product, case_id, State.READY, earlier=asked)
    assert client.look(case_id).json()["status"] == "running"
    assert product.work_on(case_id).state is State.POSTED
    assert client.look(case_id).json()["status"] == "ready"
    assert [headers["webhook-id"] for headers, _ in hook.taken] == [case_id] * 2


def test_a_retry_does_not_take_a_result_for_kept_that_redis_has_lost(
    product: Asking, client: Client, hook: Hook
) -> None:
    hook.answers = [403]
    case_id = client.ask({**ADA, "callback_url": hook.url}).json()["id"]
    asked, key = record_of(product, case_id), CaseKey(f"ask-{case_id}")
    assert product.work_on(case_id).state is State.FAILED
    product.place._records.told(key)
    assert product.ledger.retry(key)
    lose_it_before_its_end_is_written(product, case_id, State.RECEIVED, earlier=asked)


def test_a_result_that_is_told_again_later_has_the_same_end_and_is_not_kept_longer() -> None:
    note = compose(Highlights(summary="x", sessions=()), request_id="f" * 64, links=notes.LINKS, person=notes.ADA)
    asked_at, keep = 1_790_000_000.0, 3600.0
    ends = [
        datetime.fromisoformat(
            answers.result(note, asked_at=asked_at, now=asked_at + late, keep_seconds=keep)["expires_at"]
        ).timestamp()
        for late in range(0, 5 * 3600, 20)
    ]
    assert len(set(ends[:7])) == 1  # of two minutes
    for late, end in zip(range(0, 5 * 3600, 20), ends, strict=True):
        assert 0 <= asked_at + late + keep - end <= keep / 24


def test_a_retry_tells_a_client_that_did_not_answer_for_a_day(
    product: Asking, client: Client, hook: Hook, sandbox: Sandbox
) -> None:
    hook.answers = [500]
    case_id = client.ask({**ADA, "callback_url": hook.url}).json()["id"]

    def tried() -> Entry | None:
        product.work()
        return product.case(case_id) if hook.taken else None

    entry = wait_for(tried)
    a_day_ago = dataclasses.replace(entry.claim, since=(entry.claim.since or 0) - 24 * 3600)
    product.redis.set(product.ledger.keys.case(entry.key), stored.dump(dataclasses.replace(entry, claim=a_day_ago)))
    hook.answers = [500]
    assert product.work_on(case_id).state is State.FAILED
    assert product.ledger.retry(entry.key)
    assert product.work_on(case_id).state is State.POSTED
    assert [headers["webhook-id"] for headers, _ in hook.taken] == [case_id] * 3
    assert len({json.dumps(json.loads(body)["data"]) for _, body in hook.taken}) == 1
    assert len(asked_of(sandbox)) == 1


@pytest.mark.parametrize("status", [302, 307, 401, 403, 404, 410])
def test_who_refuses_the_callback_or_redirects_it_is_not_asked_again(
    product: Asking, client: Client, hook: Hook, status: int
) -> None:
    hook.answers = [status]
    case_id = client.ask({**ADA, "callback_url": hook.url}).json()["id"]
    entry = product.work_on(case_id)
    assert entry.state is State.FAILED
    assert str(status) in (entry.reason or "")
    assert len(hook.taken) == 1
    assert client.look(case_id).json()["status"] == "ready"
    assert product.ledger.lanes.holds() == []


# -- Nothing personal


def test_nothing_that_is_personal_stays_but_the_result(
    redis: Redis, product: Asking, client: Client, hook: Hook
) -> None:
    asked = {**SECRETIVE, "callback_url": hook.url}
    case_id = client.ask(asked, key="ada@shop.example").json()["id"]
    assert everything_in(redis).count(b"ada@shop.example") == 1  # the entry, and neither a key nor a job
    product.work_on(case_id)
    left = everything_in(redis)
    for personal in (b"SOMMER24", b"ada@shop.example", b"/hook"):
        assert personal not in left
    seconds = redis.ttl(product.settings.keys.kept(f"ask-{case_id}"))
    assert 23 * 3600 < seconds <= 24 * 3600


def test_forget_erases_the_result_and_a_repeat_starts_nothing(redis: Redis, product: Asking, client: Client) -> None:
    case_id = client.ask(SECRETIVE, key="call-7").json()["id"]
    product.work_on(case_id)
    entry = product.case(case_id)
    assert entry is not None
    assert product.ledger.forget(entry.key)
    assert client.look(case_id).status_code == 404
    again = client.ask(SECRETIVE, key="call-7")
    assert (again.status_code, again.json()["status"]) == (200, "expired")
    assert b"SOMMER24" not in everything_in(redis)


def test_what_was_asked_is_erased_before_it_is_done(redis: Redis, product: Asking, client: Client) -> None:
    case_id = client.ask(SECRETIVE).json()["id"]
    entry = product.case(case_id)
    assert entry is not None
    assert product.ledger.forget(entry.key)
    assert b"SOMMER24" not in everything_in(redis)
