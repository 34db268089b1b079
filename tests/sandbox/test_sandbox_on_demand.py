"""Tags, macros and the triggers that fire upon them at the stand-in for Zendesk."""

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

TAGGED = [
    {"field": "update_type", "operator": "is", "value": "Change"},
    {"field": "current_tags", "operator": "includes", "value": "highlights"},
]
MACRO = {"title": "Highlights: ask again", "actions": [{"field": "current_tags", "value": "highlights"}]}


@pytest.fixture
def on_demand(target: LoopbackServer, api: Call) -> Callable[[], list[dict[str, Any]]]:
    """A trigger that tells the target of every update of a ticket with the tag; returns what it told."""
    webhook = {
        "name": "On demand", "status": "active", "endpoint": target.url, "http_method": "POST",
        "request_format": "json", "subscriptions": ["conditional_ticket_events"],
    }  # fmt: skip
    webhook_id = api("POST", "webhooks", json={"webhook": webhook}).json()["webhook"]["id"]
    payload = '{"id": "{{ticket.id}}", "tags": "{{ticket.tags}}"}'
    actions = [{"field": "notification_webhook", "value": [webhook_id, payload]}]
    wish = {"title": "On demand", "conditions": {"all": TAGGED}, "actions": actions}
    assert api("POST", "triggers", json={"trigger": wish}).status_code == 201

    def told() -> list[dict[str, Any]]:
        return [json.loads(seen.body) for seen in target.requests]

    return told


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "tickets/{n}/tags", {"tags": ["highlights"]}),
        ("POST", "tickets/{n}/tags", {"tags": ["vip", "highlights"]}),
        ("PUT", "tickets/{n}", {"ticket": {"additional_tags": ["highlights"]}}),
        ("PUT", "tickets/{n}", {"ticket": {"tags": ["vip", "highlights"]}}),
    ],
)
def test_adding_the_tag_fires_the_trigger_once(
    sandbox: Sandbox,
    api: Call,
    on_demand: Callable[[], list[Any]],
    until: Until,
    *,
    method: str,
    path: str,
    body: object,
) -> None:
    number = sandbox.zendesk.file_ticket(tags=("vip",))
    assert api(method, path.format(n=number), json=body).ok
    until(on_demand)
    assert on_demand() == [{"id": str(number), "tags": "vip highlights"}]
    assert len(sandbox.zendesk.all_deliveries) == 1


def test_only_a_change_of_a_ticket_with_the_tag_fires(
    sandbox: Sandbox, api: Call, on_demand: Callable[[], list[Any]], until: Until
) -> None:
    number = sandbox.zendesk.file_ticket(tags=("highlights",))  # it was created, not changed
    assert sandbox.zendesk.all_deliveries == []
    api("PUT", f"tickets/{number}", json={"ticket": {"comment": {"body": "x", "public": False}}})
    assert api("DELETE", f"tickets/{number}/tags", json={"tags": ["highlights"]}).status_code == 204
    api("PUT", f"tickets/{number}", json={"ticket": {"comment": {"body": "y", "public": False}}})
    until(on_demand)
    assert len(sandbox.zendesk.all_deliveries) == 1  # for the first note: the tag was still there


def test_a_trigger_fires_once_an_update_also_when_others_change_the_ticket(
    sandbox: Sandbox, api: Call, on_demand: Callable[[], list[Any]], until: Until
) -> None:
    later = {
        "title": "Later", "position": 9,
        "conditions": {"all": [{"field": "status", "operator": "is", "value": "open"}]},
        "actions": [{"field": "current_tags", "value": "highlights"}],
    }  # fmt: skip
    assert api("POST", "triggers", json={"trigger": later}).status_code == 201
    number = sandbox.zendesk.file_ticket(status="open", deliver=False)
    api("PUT", f"tickets/{number}", json={"ticket": {"priority": "high"}})
    until(on_demand)  # the earlier trigger had its turn again when the later one had added the tag
    assert on_demand() == [{"id": str(number), "tags": "highlights"}]
    assert len(sandbox.zendesk.all_deliveries) == 1


def test_tags_are_taken_off_and_the_others_stay(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket(tags=("vip", "highlights", "de"))
    answer = api("DELETE", f"tickets/{number}/tags", json={"tags": ["highlights", "unknown"]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert sandbox.zendesk.ticket(number).tags == ("vip", "de")
    assert api("DELETE", f"tickets/{number}/tags", json={"tags": ["vip"]}, scope="read").status_code == 403
    assert api("DELETE", "tickets/1/tags", json={"tags": ["vip"]}).status_code == 404


def test_a_safe_update_of_tags_is_refused_when_the_ticket_has_changed(sandbox: Sandbox, api: Call) -> None:
    number = sandbox.zendesk.file_ticket(tags=("vip",))
    stale = {"tags": ["a"], "safe_update": "true", "updated_stamp": "2020-01-01T00:00:00Z"}
    for method in ("PUT", "DELETE"):
        assert api(method, f"tickets/{number}/tags", json=stale).status_code == 409
    stamp = api("GET", f"tickets/{number}").json()["ticket"]["updated_at"]
    assert api("PUT", f"tickets/{number}/tags", json=stale | {"updated_stamp": stamp}).ok


def test_an_agent_adds_the_tag_by_hand_or_over_the_sandboxs_own_interface(
    sandbox: Sandbox, on_demand: Callable[[], list[Any]], until: Until
) -> None:
    number = sandbox.zendesk.file_ticket()
    sandbox.zendesk.add_tags(number, "highlights")
    url = f"{sandbox.zendesk.url}/sandbox/api/tickets/{number}/tags"
    assert requests.post(url, json={"tags": ["highlights"]}, timeout=5).status_code == 204
    until(lambda: len(on_demand()) == 2)
    assert requests.post(url, json={"tags": "highlights"}, timeout=5).status_code == 400


def test_a_macro_is_made_shown_changed_applied_and_deleted(
    sandbox: Sandbox, api: Call, on_demand: Callable[[], list[Any]], until: Until
) -> None:
    made = api("POST", "macros", json={"macro": MACRO}, scope="macros:write")
    assert made.status_code == 200
    macro = made.json()["macro"]
    assert (macro["title"], macro["actions"], macro["restriction"]) == (MACRO["title"], MACRO["actions"], None)
    number = sandbox.zendesk.file_ticket()
    sandbox.zendesk.apply_macro(number, macro["id"])
    until(on_demand)
    path = f"macros/{macro['id']}"
    assert api("PUT", path, json={"macro": {"active": False}}).json()["macro"]["title"] == MACRO["title"]
    assert [known["id"] for known in api("GET", "macros", scope="macros:read").json()["macros"]] == [macro["id"]]
    assert api("GET", "macros?active=true").json()["macros"] == []
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404


def test_a_macro_may_comment_and_change_fields(sandbox: Sandbox, api: Call) -> None:
    actions = [{"field": "comment_value", "value": "Thanks!"}, {"field": "status", "value": "pending"},
               {"field": "remove_tags", "value": "a b"}]  # fmt: skip
    macro = api("POST", "macros", json={"macro": MACRO | {"actions": actions}}).json()["macro"]
    number = sandbox.zendesk.file_ticket(tags=("a", "c"))
    sandbox.zendesk.apply_macro(number, macro["id"])
    ticket = sandbox.zendesk.ticket(number)
    assert (ticket.status, ticket.tags, ticket.comments[-1].body) == ("pending", ("c",), "Thanks!")


@pytest.mark.parametrize(
    "wish",
    [{}, {"title": "", "actions": MACRO["actions"]}, {"title": "x", "actions": []}, MACRO | {"active": "yes"},
     MACRO | {"actions": [{"field": "launch", "value": "1"}]}, MACRO | {"actions": "current_tags"},
     MACRO | {"actions": [{"field": "current_tags", "value": 7}]}],
)  # fmt: skip
def test_a_macro_that_cannot_be_is_refused(api: Call, wish: object) -> None:
    assert api("POST", "macros", json={"macro": wish}).status_code == 422
    assert api("GET", "macros").json()["macros"] == []


def test_an_agent_has_macros_of_their_own_and_does_not_touch_the_shared_ones(sandbox: Sandbox, api: Call) -> None:
    agent = sandbox.zendesk.desk.account.agent
    auth = (f"{agent.email}/token", sandbox.zendesk.api_token)

    def as_agent(method: str, path: str, wish: object = None) -> requests.Response:
        url = f"{sandbox.zendesk.url}/api/v2/{path}"
        return requests.request(method, url, json={"macro": wish} if wish else None, auth=auth, timeout=5)

    shared = api("POST", "macros", json={"macro": MACRO}).json()["macro"]["id"]
    own = {"restriction": {"type": "User", "id": agent.id}}
    admins = {"restriction": {"type": "User", "id": sandbox.zendesk.desk.account.service_user.id}}
    hidden = api("POST", "macros", json={"macro": MACRO | admins}).json()["macro"]["id"]
    assert as_agent("POST", "macros", MACRO).status_code == 403
    mine = as_agent("POST", "macros", MACRO | own).json()["macro"]["id"]
    assert [macro["id"] for macro in as_agent("GET", "macros").json()["macros"]] == [shared, mine]
    assert as_agent("PUT", f"macros/{shared}", {"title": "Mine"}).status_code == 403
    assert as_agent("PUT", f"macros/{mine}", {"restriction": None}).status_code == 403
    assert as_agent("DELETE", f"macros/{shared}").status_code == 403
    assert as_agent("GET", f"macros/{hidden}").status_code == 404
    assert as_agent("DELETE", f"macros/{mine}").status_code == 204


def test_macros_want_their_scope(api: Call) -> None:
    assert api("POST", "macros", json={"macro": MACRO}, scope="tickets:write").status_code == 403
    assert api("GET", "macros", scope="tickets:read").status_code == 403
