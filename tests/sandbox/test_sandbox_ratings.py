"""How customers rate tickets at the stand-in for Zendesk, and the triggers that fire when a rating changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.server import LoopbackServer

Call = Callable[..., requests.Response]
Until = Callable[..., None]

CHANGED = {"field": "update_type", "operator": "is", "value": "Change"}
BODY = (
    '{"id": "{{ticket.id}}", "rating": "{{satisfaction.current_rating}}", "said": "{{satisfaction.current_comment}}"}'
)


def score(operator: str, value: str | None = None) -> dict[str, Any]:
    return {"field": "satisfaction_score", "operator": operator, "value": value}


BECOMES_BAD = {"all": [CHANGED], "any": [score("value", "bad"), score("value", "bad_with_comment")]}


@pytest.fixture
def trigger(target: LoopbackServer, api: Call) -> Callable[[dict[str, Any]], requests.Response]:
    """Makes a trigger with these conditions that tells the target."""
    webhook = {
        "name": "Ratings", "status": "active", "endpoint": target.url, "http_method": "POST",
        "request_format": "json", "subscriptions": ["conditional_ticket_events"],
    }  # fmt: skip
    webhook_id = api("POST", "webhooks", json={"webhook": webhook}).json()["webhook"]["id"]
    actions = [{"field": "notification_webhook", "value": [webhook_id, BODY]}]

    def make(conditions: dict[str, Any]) -> requests.Response:
        wish = {"title": "Ratings", "conditions": conditions, "actions": actions}
        return api("POST", "triggers", json={"trigger": wish})

    return make


def told(target: LoopbackServer) -> list[tuple[str, str]]:
    bodies = [json.loads(seen.body) for seen in target.requests]
    return [(body["rating"], body["said"]) for body in bodies]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (BECOMES_BAD, [("Bad", ""), ("Bad", "no")]),
        ({"all": [CHANGED, score("changed"), score("is_not", "bad")]}, [("Bad", "no"), ("Good", "no")]),
        ({"all": [score("value_previous", "unoffered")]}, [("Bad", "")]),
        ({"all": [score("not_changed"), score("is", "bad_with_comment")]}, [("Bad", "no"), ("Bad", "no")]),
    ],
)
def test_a_trigger_fires_upon_what_has_become_of_a_rating(
    sandbox: Sandbox,
    trigger: Callable[..., requests.Response],
    target: LoopbackServer,
    until: Until,
    *,
    conditions: dict[str, Any],
    expected: list[tuple[str, str]],
) -> None:
    assert trigger(conditions).status_code == 201
    zendesk = sandbox.zendesk
    number = zendesk.file_ticket(status="solved")
    zendesk.rate(number, "bad")
    zendesk.rate(number, "bad", "no")
    zendesk.add_tags(number, "vip")
    zendesk.rate(number, "bad", "no")
    zendesk.rate(number, "good")
    until(lambda: len(told(target)) == len(expected))
    assert sorted(told(target)) == sorted(expected)


@pytest.mark.parametrize(
    "condition", [score("value", "awful"), score("changed_to", "bad"), score("less_than", "good"), score("is", "Bad")]
)
def test_what_is_no_rating_or_no_operator_is_refused(
    trigger: Callable[..., requests.Response], condition: dict[str, Any]
) -> None:
    assert trigger({"all": [condition]}).status_code == 422


def test_a_rating_solves_the_ticket_and_is_in_its_audits_and_a_closed_one_takes_none(sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket()
    sandbox.zendesk.rate(number, "bad", "no")
    ticket = sandbox.zendesk.ticket(number)
    assert (ticket.status, ticket.satisfaction_score) == ("solved", "bad_with_comment")
    event = ticket.audits[-1].events[0]
    assert (event["field_name"], event["previous_value"], event["value"]) == (
        *("satisfaction_score", "unoffered", "bad_with_comment"),
    )
    assert ticket.audits[-1].author_id == ticket.requester_id


def test_a_ticket_is_rated_over_http(sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket()
    url = f"{sandbox.zendesk.url}/sandbox/api/tickets/{number}/rating"
    assert requests.post(url, json={"rating": "bad", "comment": "no"}, timeout=5).status_code == 204
    assert sandbox.zendesk.ticket(number).rating_comment == "no"
    for wrong in ({"rating": "offered"}, {}, {"rating": "bad", "comment": 7}, {"rating": ["bad"]}):
        assert requests.post(url, json=wrong, timeout=5).status_code == 400
    sandbox.zendesk.set_status(number, "closed")
    assert requests.post(url, json={"rating": "good"}, timeout=5).status_code == 400
