"""Webhooks and triggers of the stand-in for Zendesk, over its API."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.server import LoopbackServer
from sandbox.zendesk.calling import TEST_SECRET, signature

Call = Callable[..., requests.Response]

WEBHOOK = {
    "name": "Highlights",
    "status": "active",
    "endpoint": "http://127.0.0.1:9/hook",
    "http_method": "POST",
    "request_format": "json",
    "subscriptions": ["conditional_ticket_events"],
}
CREATED = {"all": [{"field": "update_type", "operator": "is", "value": "Create"}], "any": []}


def make_webhook(api: Call, **changes: object) -> dict[str, Any]:
    answer = api("POST", "webhooks", json={"webhook": WEBHOOK | changes})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["webhook"]
    return made


def make_trigger(api: Call, webhook_id: str, payload: object = "{}", **changes: object) -> requests.Response:
    actions = [{"field": "notification_webhook", "value": [webhook_id, payload]}]
    return api(
        "POST", "triggers", json={"trigger": {"title": "T", "conditions": CREATED, "actions": actions} | changes}
    )


def test_a_webhook_is_made_shown_changed_and_deleted(api: Call) -> None:
    made = make_webhook(api, description="ours")
    path = f"webhooks/{made['id']}"
    assert (len(made["id"]), made["subscriptions"]) == (26, ["conditional_ticket_events"])
    changes = [
        api("PATCH", path, json={"webhook": {"name": "New"}}),
        api("PUT", path, json={"webhook": WEBHOOK | {"name": "Newer"}}),
    ]
    assert [(answer.status_code, answer.content) for answer in changes] == [(204, b""), (204, b"")]
    assert api("GET", path).json()["webhook"]["name"] == "Newer"
    assert api("GET", path).json()["webhook"]["description"] == "ours"
    assert api("DELETE", path).status_code == 204
    assert api("GET", path).status_code == 404


def test_webhooks_are_found_by_name_and_paged(api: Call) -> None:
    for name in ("Highlights a", "Highlights b", "other"):
        make_webhook(api, name=name)
    listed = api("GET", "webhooks?filter[name_contains]=Highlights&page[size]=1").json()
    assert [webhook["name"] for webhook in listed["webhooks"]] == ["Highlights a"]
    assert listed["meta"]["has_more"]
    following = listed["links"]["next"]
    assert following.startswith("https://acme.zendesk.com:443/api/v2/webhooks?page%5Bafter%5D=")
    assert "filter" not in following
    path = f"webhooks?filter[name_contains]=Highlights&page[size]=1&page[after]={listed['meta']['after_cursor']}"
    last = api("GET", path).json()
    assert [webhook["name"] for webhook in last["webhooks"]] == ["Highlights b"]
    assert ("after_cursor" in last["meta"], "next" in last["links"]) == (False, False)
    assert "links" not in api("GET", "webhooks").json()


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"endpoint": None},
        {"http_method": "HEAD"},
        {"request_format": "yaml"},
        {"status": "on"},
        {"subscriptions": []},
        {"subscriptions": ["conditional_ticket_event"]},
        {"subscriptions": ["conditional_ticket_events", "zen:event-type:ticket.created"]},
        {"subscriptions": ["zen:event-type:ticket.created"], "http_method": "PUT"},
    ],
)
def test_a_wrong_webhook_is_refused(api: Call, wrong: dict[str, object]) -> None:
    answer = api("POST", "webhooks", json={"webhook": WEBHOOK | wrong})
    assert (answer.status_code, len(answer.json()["errors"])) == (400, 1)


@pytest.mark.parametrize(
    "endpoint", ["https://shop.example/hook", "http://10.0.0.1/", "ftp://127.0.0.1/", "x", "http://["]
)
def test_the_sandbox_calls_nothing_but_this_machine(api: Call, sandbox: Sandbox, endpoint: str) -> None:
    answer = api("POST", "webhooks", json={"webhook": WEBHOOK | {"endpoint": endpoint}})
    assert answer.status_code == 400
    assert "endpoint" in answer.json()["errors"][0]["detail"]
    with pytest.raises(ValueError, match=r"loopback|address"):
        sandbox.zendesk.install_webhook(endpoint)


def test_credentials_are_never_shown(api: Call) -> None:
    bearer = {"type": "bearer_token", "data": {"token": "geheim"}, "add_position": "header"}
    basic = {"type": "basic_auth", "data": {"username": "u", "password": "geheim"}, "add_position": "header"}
    shown = [make_webhook(api, authentication=kind)["authentication"] for kind in (bearer, basic)]
    assert shown == [
        {"type": "bearer_token", "add_position": "header"},
        {"type": "basic_auth", "add_position": "header", "data": {"username": "u"}},
    ]


def test_the_kind_of_a_webhook_cannot_be_changed(api: Call) -> None:
    path = f"webhooks/{make_webhook(api)['id']}"
    change = {"webhook": {"subscriptions": ["zen:event-type:ticket.created"]}}
    assert api("PATCH", path, json=change).status_code == 400


def test_the_signing_secret_can_be_read_and_reset(api: Call) -> None:
    path = f"webhooks/{make_webhook(api)['id']}/signing_secret"
    before = api("GET", path).json()["signing_secret"]
    reset = api("POST", path)
    assert (before["algorithm"], reset.status_code) == ("SHA256", 201)
    after = reset.json()["signing_secret"]["secret"]
    assert len(base64.b64decode(after)) == 32
    assert after != before["secret"]
    assert api("GET", path).json()["signing_secret"]["secret"] == after


def test_a_webhook_can_be_cloned_with_a_secret_of_its_own(api: Call) -> None:
    made = make_webhook(api)
    clone = api("POST", f"webhooks?clone_webhook_id={made['id']}").json()["webhook"]
    assert clone["name"] == "Highlights (copy)"
    secrets = {api("GET", f"webhooks/{w}/signing_secret").text for w in (made["id"], clone["id"])}
    assert len(secrets) == 2


def test_a_webhook_in_use_is_not_deleted(api: Call) -> None:
    webhook = make_webhook(api)
    trigger = make_trigger(api, webhook["id"]).json()["trigger"]
    assert api("DELETE", f"webhooks/{webhook['id']}").status_code == 400
    assert api("DELETE", f"triggers/{trigger['id']}").status_code == 204
    assert api("DELETE", f"webhooks/{webhook['id']}").status_code == 204


def test_a_test_call_is_signed_and_tells_what_was_answered(api: Call, target: LoopbackServer) -> None:
    wish = {"endpoint": f"{target.url}/x", "http_method": "POST", "request_format": "json", "payload": '{"a":1}'}
    answer = api("POST", "webhooks/test", json={"request": wish})
    assert (answer.status_code, answer.json()["response"]["status_code"]) == (200, 202)
    [seen] = target.requests
    digest = hmac.new(
        TEST_SECRET.encode(), seen.headers["X-Zendesk-Webhook-Signature-Timestamp"].encode() + seen.body, hashlib.sha256
    ).digest()
    assert seen.headers["X-Zendesk-Webhook-Signature"] == base64.b64encode(digest).decode()


def test_a_test_call_of_a_known_webhook_uses_its_secret(api: Call, target: LoopbackServer) -> None:
    made = make_webhook(api, endpoint=f"{target.url}/hook")
    assert api("POST", f"webhooks/test?webhook_id={made['id']}", json={"request": {"payload": "{}"}}).ok
    secret = api("GET", f"webhooks/{made['id']}/signing_secret").json()["signing_secret"]["secret"]
    [seen] = target.requests
    timestamp = seen.headers["X-Zendesk-Webhook-Signature-Timestamp"]
    assert seen.headers["X-Zendesk-Webhook-Signature"] == signature(secret, timestamp, b"{}")


def test_the_signature_is_over_the_time_and_then_the_body() -> None:
    body = b'{"type":"zen:event-type:ticket.created"}'
    assert signature(TEST_SECRET, "2026-07-22T10:00:00Z", body) == "Wb/BC3XvCTqp72GKVLqs9iFW0fZR9t2RKmvqLbf1WRo="


def test_a_trigger_is_made_found_changed_and_deleted(api: Call) -> None:
    webhook = make_webhook(api)
    made = make_trigger(api, webhook["id"], title="Tell of tickets", description="marker 1")
    assert made.status_code == 201
    trigger = made.json()["trigger"]
    assert (trigger["category_id"], trigger["active"], trigger["conditions"]) == ("10026", True, CREATED)
    wanted = json.dumps({"json": {"description": "marker 1"}})
    for path in ("triggers", "triggers/search?query=tell", "triggers/active", f"triggers/search?filter={wanted}"):
        assert [found["id"] for found in api("GET", path).json()["triggers"]] == [trigger["id"]]
    changed = api("PUT", f"triggers/{trigger['id']}.json", json={"trigger": {"active": False}}).json()["trigger"]
    assert (changed["active"], changed["actions"]) == (False, trigger["actions"])
    assert api("GET", "triggers?active=true").json()["triggers"] == []
    assert api("DELETE", f"triggers/{trigger['id']}").status_code == 204
    assert api("GET", f"triggers/{trigger['id']}").status_code == 404


def test_changing_the_conditions_drops_the_actions_that_are_not_sent_again(api: Call) -> None:
    trigger = make_trigger(api, make_webhook(api)["id"]).json()["trigger"]
    changed = api("PUT", f"triggers/{trigger['id']}", json={"trigger": {"conditions": CREATED}}).json()["trigger"]
    assert changed["actions"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": 3},
        {"category_id": 10026},
        {"conditions": {}},
        {"conditions": []},
        {"conditions": {"all": [{"field": "moon", "operator": "is", "value": "full"}]}},
        {"conditions": {"all": ["x"]}},
        {"actions": []},
        {"actions": [{"field": "explode"}]},
        {"actions": [{"field": "notification_webhook", "value": "x"}]},
        {"actions": [{"field": "notification_webhook", "value": ["01NOSUCHWEBHOOK", "{}"]}]},
    ],
)
def test_a_wrong_trigger_is_refused(api: Call, wrong: dict[str, object]) -> None:
    answer = make_trigger(api, make_webhook(api)["id"], **wrong)
    assert (answer.status_code, answer.json()["error"]) == (422, "RecordInvalid")


def test_a_trigger_cannot_use_a_webhook_for_events(api: Call) -> None:
    webhook = make_webhook(api, subscriptions=["zen:event-type:ticket.created"])
    assert make_trigger(api, webhook["id"]).status_code == 422


def test_definitions_and_categories_are_there(api: Call) -> None:
    conditions = api("GET", "triggers/definitions").json()["definitions"]["conditions_all"]
    assert "update_type" in {condition["subject"] for condition in conditions}
    assert api("GET", "trigger_categories").json()["trigger_categories"][0]["id"] == "10026"


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ({"field": "brand_id", "value": "360001234574"}, {"brand_id": 360001234574}),
        ({"field": "ticket_form_id", "value": "8646151517829"}, {"form_id": 8646151517829}),
        ({"field": "group_id", "value": "360002345685"}, {"group_id": 360002345685}),
        ({"field": "via_id", "value": "4"}, {"via": "mail"}),
        ({"field": "current_tags", "operator": "includes", "value": "vip gold"}, {"tags": ("gold",)}),
    ],
)
def test_a_trigger_fires_where_its_conditions_hold(
    api: Call, sandbox: Sandbox, target: LoopbackServer, condition: dict[str, str], place: dict[str, Any]
) -> None:
    webhook = make_webhook(api, endpoint=f"{target.url}/hook")
    conditions = CREATED | {"all": [*CREATED["all"], {"operator": "is"} | condition]}
    assert make_trigger(api, webhook["id"], '{"id": "{{ticket.id}}"}', conditions=conditions).status_code == 201
    sandbox.zendesk.file_ticket()
    number = sandbox.zendesk.file_ticket(**place)
    assert [delivery.ticket_id for delivery in sandbox.zendesk.all_deliveries] == [number]


def test_definitions_tell_the_values_of_conditions_and_no_other_is_taken(api: Call) -> None:
    defined = api("GET", "triggers/definitions").json()["definitions"]["conditions_all"]
    values = {each["subject"]: {v["value"]: v["title"] for v in each.get("values", ())} for each in defined}
    assert values["brand_id"]["360001234574"] == "Acme Outlet"
    assert values["via_id"]["4"] == "Email"
    wrong = {"all": [{"field": "brand_id", "operator": "is", "value": "1"}]}
    assert make_trigger(api, make_webhook(api)["id"], conditions=wrong).status_code == 422


def test_an_account_may_want_triggers_in_categories(api: Call, sandbox: Sandbox) -> None:
    sandbox.zendesk.desk.hooks.categories_needed = True
    webhook = make_webhook(api)
    assert make_trigger(api, webhook["id"]).status_code == 422
    assert make_trigger(api, webhook["id"], category_id="10026").status_code == 201


def test_agents_manage_neither_webhooks_nor_triggers(sandbox: Sandbox) -> None:
    asker = (f"{sandbox.zendesk.agent_email}/token", sandbox.zendesk.api_token)
    for method, path in (("GET", "webhooks"), ("POST", "webhooks"), ("POST", "triggers")):
        answer = requests.request(method, f"{sandbox.zendesk.url}/api/v2/{path}", auth=asker, json={}, timeout=5)
        assert answer.status_code == 403


def test_a_list_can_lag_behind(api: Call, sandbox: Sandbox) -> None:
    sandbox.zendesk.desk.hooks.list_lag = 3600
    made = make_webhook(api)
    assert api("GET", "webhooks").json()["webhooks"] == []
    assert api("GET", f"webhooks/{made['id']}").status_code == 200
