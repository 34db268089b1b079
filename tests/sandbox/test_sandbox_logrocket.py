"""The stand-in for LogRocket: requests, results by callback and by polling."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
import requests

from sandbox import Fault, Sandbox
from sandbox.server import LoopbackServer

Call = Callable[..., requests.Response]
Until = Callable[..., None]

ADA = {"userEmail": "ada@shop.example"}


def poll(sandbox: Sandbox, request_id: str, *, slash: str = "") -> requests.Response:
    headers = {"Authorization": f"token {sandbox.logrocket.api_key}"}
    url = f"{sandbox.logrocket.url}/v1/orgs/acme/apps/shop/highlights{slash}?id={request_id}"
    return requests.get(url, headers=headers, timeout=5)


@pytest.fixture
def asked(ask: Call, target: LoopbackServer) -> Callable[..., str]:
    """Requests highlights with a callback and returns the id."""

    def call(**wish: object) -> str:
        answer = ask(ADA | {"webhookURL": f"{target.url}/cb?ticket_id=1&token=x"} | wish)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    return call


def test_a_result_is_called_back_and_can_be_polled(
    sandbox: Sandbox, target: LoopbackServer, asked: Callable[..., str], until: Until
) -> None:
    request_id = asked()
    assert re.fullmatch("[0-9a-f]{64}", request_id)
    until(lambda: sandbox.logrocket.callbacks_made)
    [seen] = target.requests
    told = json.loads(seen.body)
    assert (seen.path, seen.headers["Content-Type"]) == ("/cb?ticket_id=1&token=x", "application/json")
    assert (told["status"], told["appID"], told["requestID"]) == ("READY", "acme/shop", request_id)
    assert poll(sandbox, request_id).json() == poll(sandbox, request_id, slash="/").json() == told
    [callback] = sandbox.logrocket.callbacks_made
    assert (callback.request_id, callback.status) == (request_id, 202)


@pytest.mark.parametrize("person", ["kim@shop.example", "bob@shop.example", "eve@shop.example", "zoe@shop.example"])
def test_a_result_has_sessions_and_links_into_the_app(
    sandbox: Sandbox, asked: Callable[..., str], until: Until, person: str
) -> None:
    sandbox.logrocket.app_url = "https://replays.example"
    request_id = asked(userEmail=person, timeRange={"startMs": 1_000, "endMs": 1_715_567_430_000})
    until(lambda: sandbox.logrocket.results[request_id]["ready"])
    result = poll(sandbox, request_id).json()["result"]
    assert 2 <= len(result["sessions"]) <= 3
    link = r"\]\((https://replays\.example/acme/shop/s/5-[0-9a-f-]{36}/0\?t=\d{13})\)"
    for text in [result["highlights"], *(session["highlights"] for session in result["sessions"])]:
        assert re.findall(link, text)
        assert text.count("[") == text.count("](") == len(re.findall(link, text))
    for session in result["sessions"]:
        assert f"/s/{session['recordingID']}/{session['sessionID']}?t=" in session["highlights"]


def test_a_result_is_pending_until_it_is_ready(sandbox: Sandbox, asked: Callable[..., str]) -> None:
    sandbox.logrocket.delay = 60
    request_id = asked()
    told = {"result": None, "status": "PENDING", "appID": "acme/shop", "requestID": request_id}
    assert poll(sandbox, request_id).json() == told
    assert sandbox.logrocket.callbacks_made == []


def test_outcomes_follow_the_script_and_then_the_default(
    sandbox: Sandbox, target: LoopbackServer, asked: Callable[..., str], until: Until
) -> None:
    sandbox.logrocket.script("FAILED", "EMPTY", "COMPLETE")
    ids = []
    for count in range(1, 5):
        ids.append(asked())
        until(lambda wanted=count: len(sandbox.logrocket.callbacks_made) == wanted)
    told = [json.loads(seen.body) for seen in target.requests]
    assert [payload["status"] for payload in told] == ["FAILED", "READY", "COMPLETE", "READY"]
    assert [payload["requestID"] for payload in told] == ids
    assert (told[0]["result"], told[1]["result"]) == (None, {"highlights": "", "sessions": []})
    with pytest.raises(ValueError, match="MAYBE"):
        sandbox.logrocket.script("MAYBE")  # type: ignore[arg-type]  # that is the point


def test_a_pending_result_never_comes(sandbox: Sandbox, asked: Callable[..., str], until: Until) -> None:
    sandbox.logrocket.script("PENDING")
    never, later = asked(), asked()
    until(lambda: sandbox.logrocket.results[later]["ready"])
    assert poll(sandbox, never).json()["status"] == "PENDING"


def test_a_lost_callback_can_still_be_polled(sandbox: Sandbox, asked: Callable[..., str], until: Until) -> None:
    sandbox.logrocket.callbacks = "none"
    request_id = asked()
    until(lambda: sandbox.logrocket.results[request_id]["ready"])
    assert poll(sandbox, request_id).json()["status"] == "READY"
    assert sandbox.logrocket.callbacks_made == []


def test_a_duplicate_callback_is_the_same_twice(
    sandbox: Sandbox, target: LoopbackServer, asked: Callable[..., str], until: Until
) -> None:
    sandbox.logrocket.callbacks = "twice"
    asked()
    until(lambda: len(sandbox.logrocket.callbacks_made) == 2)
    assert target.requests[0].body == target.requests[1].body


def test_a_test_can_call_back_by_itself(
    sandbox: Sandbox, target: LoopbackServer, asked: Callable[..., str], until: Until
) -> None:
    sandbox.logrocket.callbacks = "none"
    request_id = asked()
    assert sandbox.logrocket.call_back(request_id) == 202
    assert sandbox.logrocket.results[request_id]["webhookURL"] == f"{target.url}/cb?ticket_id=1&token=x"
    until(lambda: json.loads(target.requests[0].body)["status"] == "READY")


def test_a_callback_that_fails_is_not_repeated(
    sandbox: Sandbox, target_faults: object, asked: Callable[..., str], until: Until
) -> None:
    target_faults.add(Fault(service="zendesk", status=503))  # type: ignore[attr-defined]  # Faults, as its fixture says
    asked()
    asked()
    until(lambda: len(sandbox.logrocket.callbacks_made) == 2)
    assert sorted(str(callback.status) for callback in sandbox.logrocket.callbacks_made) == ["202", "503"]


def test_highlights_can_be_made_by_a_test(sandbox: Sandbox, asked: Callable[..., str], until: Until) -> None:
    sandbox.logrocket.highlights_for = lambda wish: {"highlights": f"{wish['userID']} slept", "sessions": []}
    request_id = asked(userID="u|1")
    until(lambda: sandbox.logrocket.results[request_id]["ready"])
    assert poll(sandbox, request_id).json()["result"]["highlights"] == "u|1 slept"


@pytest.mark.parametrize(
    "wish",
    [
        {"userID": "google-oauth2|abc123"},
        ADA | {"userID": "u-1"},
        ADA | {"timeRange": {"startMs": 1, "endMs": 2}},
        ADA | {"question": "What went wrong?"},
        ADA | {"webhookURL": "http://localhost:1/x?y=z"},
    ],
)
def test_a_request_as_documented_is_taken(ask: Call, wish: object) -> None:
    assert ask(wish).status_code == 200


@pytest.mark.parametrize(
    "wish",
    [
        None,
        [],
        {},
        {"userEmail": ""},
        {"userEmail": " "},
        {"userID": 7},
        {"userEmail": None, "userID": "u"},
        ADA | {"webhookURL": 5},
        ADA | {"webhookURL": "https://example.com/hook"},
        ADA | {"webhookURL": "http://127.0.0.1.example.com/"},
        ADA | {"question": 1},
        ADA | {"timeRange": 5},
        ADA | {"timeRange": {"startMs": 1}},
        ADA | {"timeRange": {"startMs": 2, "endMs": 2}},
        ADA | {"timeRange": {"startMs": "1", "endMs": "2"}},
        ADA | {"timeRange": {"startMs": True, "endMs": 2}},
        ADA | {"timeRange": {"startMs": 1.5, "endMs": 2}},
    ],
)
def test_a_wrong_request_is_refused(sandbox: Sandbox, ask: Call, wish: object) -> None:
    answer = ask(wish)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert sandbox.logrocket.results == {}


@pytest.mark.parametrize(
    ("key", "status", "text"),
    [
        (None, 401, "Missing request authorization"),
        ("Basic eDp5", 401, "Missing request authorization"),
        ("Bearer acme:shop:x", 403, '{"detail":"token signature is invalid"}\n'),
        ("token acme:shop:x", 401, '{"message":"Invalid API key"}\n'),
    ],
)
def test_a_caller_without_the_key_is_refused(ask: Call, key: str | None, status: int, text: str) -> None:
    answer = ask(ADA, key=key)
    assert (answer.status_code, answer.text) == (status, text)


def test_another_app_and_a_path_without_its_slash_are_not_found(ask: Call) -> None:
    assert ask(ADA, app="acme/other").status_code == 404
    assert ask(ADA, slash="").status_code == 404


def test_an_unknown_id_is_not_found(sandbox: Sandbox) -> None:
    assert poll(sandbox, "0" * 64).status_code == 404
