"""The shapes of Zendesk's API: what does not fit is found, in the stand-in's answers and in the product's requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from integration.http import USER_AGENT
from sandbox import Sandbox
from sandbox.zendesk import schemas, shapes

Call = Callable[..., requests.Response]

NOTE = {"html_body": "x", "public": False}


@pytest.fixture(autouse=True)
def as_zendesk_says() -> Iterator[None]:
    """Here things may be wrong on purpose."""
    return iter([None])


def asked_by_the_product(sandbox: Sandbox, bearer: str, method: str, path: str, json: object = None) -> list[str]:
    headers = {"Authorization": f"Bearer {bearer}", "User-Agent": USER_AGENT}
    with schemas.watched() as found:
        requests.request(method, f"{sandbox.zendesk.url}/api/v2/{path}", headers=headers, json=json, timeout=5)
    return [each.partition(": ")[2] for each in found]


@pytest.mark.parametrize("name", ["status", "requester_id", "via"])
@pytest.mark.parametrize("value", [object, None, [], "missing"])
def test_a_wrong_field_in_an_answer_is_found(
    name: str, value: object, sandbox: Sandbox, api: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = sandbox.zendesk.file_ticket()
    good = shapes.ticket(sandbox.zendesk.tickets()[0])
    wrong = {key: each for key, each in good.items() if key != name or value != "missing"}
    if value != "missing":
        wrong[name] = value if value is not object else {"no": "such"}
    monkeypatch.setattr(shapes, "ticket", lambda _: wrong)
    with schemas.watched() as found:
        api("GET", f"tickets/{number}")
    assert [each for each in found if name in each] != []


def test_a_field_that_zendesk_does_not_have_is_found(
    sandbox: Sandbox, api: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = sandbox.zendesk.file_ticket()
    more = shapes.ticket(sandbox.zendesk.tickets()[0]) | {"requester_email": "ada@shop.example"}
    monkeypatch.setattr(shapes, "ticket", lambda _: more)
    with schemas.watched() as found:
        api("GET", f"tickets/{number}")
    assert found == [f"GET /api/v2/tickets/{number}: answer.ticket has no field requester_email"]


def test_a_wrong_request_of_the_product_is_found(sandbox: Sandbox, token: Callable[..., str]) -> None:
    path, bearer = f"tickets/{sandbox.zendesk.file_ticket()}", token()

    def ask(method: str, path: str, json: object = None) -> list[str]:
        found = asked_by_the_product(sandbox, bearer, method, path, json)
        return [each for each in found if "answer" not in each]

    assert ask("PUT", path, {"ticket": {"comment": NOTE}}) == []
    assert ask("PUT", path, {"ticket": {"comment": NOTE | {"public": "no"}}}) == [
        "request.ticket.comment.public is str"
    ]
    assert ask("PUT", path, {"ticket": {"comment": {"html_body": "x"}}}) == ["request.ticket.comment lacks public"]
    assert ask("PUT", path, {"ticket": {"comment": NOTE}, "safe_update": True}) == ["request has no field safe_update"]
    assert ask("GET", "webhooks?test_webhook_id=1") == ["Zendesk knows no parameter test_webhook_id"]
    assert ask("GET", "tickets.xml") == ["Zendesk has no such endpoint"]
    assert ask("GET", path, {"a": 1}) == ["request is dict"]


def test_requests_for_tags_macros_and_merges_have_their_shapes(sandbox: Sandbox, token: Callable[..., str]) -> None:
    number, bearer = sandbox.zendesk.file_ticket(), token()

    def ask(method: str, path: str, json: object = None) -> list[str]:
        return asked_by_the_product(sandbox, bearer, method, path, json)

    macro = {"title": "Ask again", "actions": [{"field": "current_tags", "value": "highlights"}]}
    assert ask("PUT", f"tickets/{number}", {"ticket": {"comment": NOTE, "additional_tags": ["x"]}}) == []
    assert ask("DELETE", f"tickets/{number}/tags", {"tags": ["x"]}) == []
    assert ask("DELETE", f"tickets/{number}/tags", {"tag": "x"}) == ["request has no field tag", "request lacks tags"]
    assert ask("GET", f"tickets/{number}?include=users") == []
    assert ask("GET", f"users/{sandbox.zendesk.ticket(number).requester_id}?include=tickets") == [
        "Zendesk knows no parameter include"
    ]
    assert ask("POST", "macros", {"macro": macro}) == []
    assert ask("POST", "macros", {"macro": macro | {"tags": []}}) == ["request.macro has no field tags"]
    target = sandbox.zendesk.file_ticket()
    assert ask("POST", f"tickets/{target}/merge", {"ids": [str(number)]}) == ["request.ids[] is str"]
    assert ask("POST", f"tickets/{target}/merge", {"ids": [number]}) == []


def test_wrong_headers_and_statuses_are_found(sandbox: Sandbox, api: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = sandbox.zendesk.desk.limits
    monkeypatch.setattr(limits, "spend_request", lambda _: {"ratelimit-reset": "7"})
    with schemas.watched() as found:
        api("GET", "webhooks")
    assert found == ["GET /api/v2/webhooks: no header ratelimit-reset there"]
    issue: Any = sandbox.zendesk.app.view_functions["issue_token"]
    monkeypatch.setitem(sandbox.zendesk.app.view_functions, "issue_token", lambda: issue()[0])
    with schemas.watched() as found:
        api("GET", "users/me")
    assert found == ["POST /oauth/tokens: Zendesk does not answer 200"]


def test_a_refusal_has_words_that_zendesk_has(sandbox: Sandbox, api: Call) -> None:
    with schemas.watched() as found:
        assert api("GET", "tickets/1").status_code == 404
        assert api("PUT", f"tickets/{sandbox.zendesk.file_ticket()}", data=b"no").status_code == 422
        assert api("POST", "webhooks", json={"webhook": {}}).status_code == 400
    assert found == []
    assert list(schemas.misfits({"error": 7}, schemas.ERROR, "404")) != []
