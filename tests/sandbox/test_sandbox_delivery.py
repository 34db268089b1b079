"""How the stand-in for Zendesk tells of tickets: payloads, signatures, retries, the log."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import requests

from sandbox import Fault, Faults, Sandbox
from sandbox.server import LoopbackServer
from sandbox.zendesk.calling import signature

Call = Callable[..., requests.Response]
Until = Callable[..., None]


def answering(
    status: int, times: int | None = None, *, after: int = 0, body: str = "", headers: dict[str, str] | None = None
) -> Fault:
    return Fault(service="zendesk", status=status, times=times, after=after, body=body, headers=headers or {})


@pytest.fixture
def delivered(sandbox: Sandbox, until: Until) -> Callable[..., tuple[str | None, list[int | None]]]:
    """Files a ticket and returns how its delivery ended: the outcome and the statuses."""

    def file(*, external_id: str | None = None) -> tuple[str | None, list[int | None]]:
        before = len(sandbox.zendesk.deliveries)
        sandbox.zendesk.file_ticket(external_id=external_id)
        until(lambda: len(sandbox.zendesk.deliveries) > before)
        ended = sandbox.zendesk.deliveries[-1]
        return ended.outcome, [attempt.status for attempt in ended.attempts]

    return file


@pytest.fixture
def secret(sandbox: Sandbox, target: LoopbackServer) -> str:
    return sandbox.zendesk.install_webhook(f"{target.url}/zendesk/tickets")


def test_a_new_ticket_is_told_signed_and_with_zendesks_headers(
    sandbox: Sandbox, target: LoopbackServer, secret: str, until: Until
) -> None:
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example", external_id="u-1")
    until(lambda: sandbox.zendesk.deliveries)
    [seen] = target.requests
    assert (seen.method, seen.path) == ("POST", "/zendesk/tickets")
    assert json.loads(seen.body) == {
        "ticket_id": str(number),
        "requester_email": "ada@shop.example",
        "requester_external_id": "u-1",
    }
    headers = seen.headers
    timestamp = headers["X-Zendesk-Webhook-Signature-Timestamp"]
    assert headers["X-Zendesk-Webhook-Signature"] == signature(secret, timestamp, seen.body)
    assert abs((datetime.fromisoformat(timestamp) - datetime.now(UTC)).total_seconds()) < 5
    assert headers["X-Zendesk-Account-Id"].isdecimal()
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", headers["X-Zendesk-Webhook-Id"])
    assert headers["X-Zendesk-Webhook-Invocation-Id"] == sandbox.zendesk.deliveries[0].invocation_id
    assert headers["User-Agent"] == "Zendesk Webhook"
    assert headers["Content-Type"] == "application/json; charset=utf-8"


def test_installing_twice_makes_one_webhook(sandbox: Sandbox, target: LoopbackServer, secret: str, api: Call) -> None:
    payload = '{"ticket_id": "{{ticket.id}}"}'
    assert sandbox.zendesk.install_webhook(f"{target.url}/zendesk/tickets", payload=payload) == secret
    assert len(api("GET", "webhooks").json()["webhooks"]) == 1
    [trigger] = api("GET", "triggers").json()["triggers"]
    assert trigger["actions"][0]["value"][1] == payload


def test_a_ticket_can_be_filed_without_telling_anybody(
    sandbox: Sandbox, target: LoopbackServer, secret: str, until: Until
) -> None:
    assert secret
    number = sandbox.zendesk.file_ticket(deliver=False)
    assert sandbox.zendesk.all_deliveries == []
    sandbox.zendesk.deliver(number)
    sandbox.zendesk.deliver(number)
    until(lambda: len(target.requests) == 2)
    assert len({seen.headers["X-Zendesk-Webhook-Invocation-Id"] for seen in target.requests}) == 2


def test_a_note_does_not_fire_a_trigger_for_new_tickets(
    sandbox: Sandbox, secret: str, api: Call, delivered: Callable[..., object]
) -> None:
    assert secret
    delivered()
    number = sandbox.zendesk.tickets()[0].id
    assert api("PUT", f"tickets/{number}", json={"ticket": {"comment": {"body": "x", "public": False}}}).ok
    assert len(sandbox.zendesk.all_deliveries) == 1


@pytest.mark.parametrize(
    ("condition", "fires"),
    [
        ({"field": "status", "operator": "less_than", "value": "solved"}, True),
        ({"field": "status", "operator": "is_not", "value": "new"}, False),
        ({"field": "current_tags", "operator": "not_includes", "value": "svc_seen"}, True),
        ({"field": "current_tags", "operator": "includes", "value": "svc_seen vip"}, True),
        ({"field": "comment_is_public", "operator": "is", "value": "false"}, False),
        ({"field": "update_type", "operator": "is", "value": "Change"}, False),
    ],
)
def test_a_trigger_fires_only_when_its_conditions_hold(
    sandbox: Sandbox, secret: str, api: Call, condition: dict[str, str], *, fires: bool
) -> None:
    assert secret
    [trigger] = api("GET", "triggers").json()["triggers"]
    change = {"conditions": {"all": [condition]}, "actions": trigger["actions"]}
    assert api("PUT", f"triggers/{trigger['id']}", json={"trigger": change}).ok
    sandbox.zendesk.file_ticket(tags=("vip",))
    assert bool(sandbox.zendesk.all_deliveries) is fires


def test_a_trigger_may_tag_the_ticket(sandbox: Sandbox, secret: str, api: Call) -> None:
    assert secret
    [trigger] = api("GET", "triggers").json()["triggers"]
    actions = [*trigger["actions"], {"field": "current_tags", "value": "svc_seen"}]
    api("PUT", f"triggers/{trigger['id']}", json={"trigger": {"conditions": trigger["conditions"], "actions": actions}})
    number = sandbox.zendesk.file_ticket(tags=("vip",))
    assert api("GET", f"tickets/{number}").json()["ticket"]["tags"] == ["vip", "svc_seen"]


def test_a_quote_in_an_external_id_breaks_the_payload_unless_values_are_escaped(
    sandbox: Sandbox, target: LoopbackServer, secret: str, delivered: Callable[..., object]
) -> None:
    assert secret
    wicked = 'x", "ticket_id": "1'
    delivered(external_id=wicked)
    sandbox.zendesk.desk.escape_placeholders = True
    delivered(external_id=wicked)
    injected, escaped = (json.loads(seen.body) for seen in target.requests)
    assert (injected["ticket_id"], escaped["requester_external_id"]) == ("1", wicked)


def test_an_event_has_zendesks_form(sandbox: Sandbox, target: LoopbackServer, until: Until) -> None:
    sandbox.zendesk.install_webhook(target.url, subscription="event")
    number = sandbox.zendesk.file_ticket(description='"event": {}')
    until(lambda: sandbox.zendesk.deliveries)
    body = target.requests[0].body.decode()
    event = json.loads(body)
    assert (event["type"], event["subject"]) == ("zen:event-type:ticket.created", f"zen:ticket:{number}")
    detail = event["detail"]
    assert (detail["id"], detail["status"], detail["is_public"]) == (str(number), "NEW", True)
    assert (detail["requester_id"].isdecimal(), detail["external_id"]) == (True, None)
    assert detail["description"] == '"event": {}'
    assert re.search(r"T\d\d:\d\d:\d\d\.\d{9}Z$", event["time"])
    assert '\n   "event": { },\n' in body


def test_409_is_tried_again_three_times(target_faults: Faults, secret: str, delivered: Callable[..., object]) -> None:
    assert secret
    target_faults.add(answering(409, times=3))
    assert delivered() == ("success", [409, 409, 409, 202])
    target_faults.add(answering(409))
    assert delivered() == ("terminated", [409] * 4)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_under_a_minute_is_honoured(
    target_faults: Faults, secret: str, delivered: Callable[..., object], status: int
) -> None:
    assert secret
    target_faults.add(answering(status, times=1, headers={"Retry-After": "30"}))
    assert delivered() == ("success", [status, 202])


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (503, {}),
        (503, {"Retry-After": "60"}),
        (429, {"Retry-After": "soon"}),
        (400, {}),
        (403, {}),
        (500, {}),
        (502, {}),
    ],
)
def test_everything_else_ends_at_once(
    target_faults: Faults, secret: str, delivered: Callable[..., object], status: int, headers: dict[str, str]
) -> None:
    assert secret
    target_faults.add(answering(status, headers=headers))
    assert delivered() == ("terminated", [status])


def test_a_wait_is_scaled_by_the_pace(
    sandbox: Sandbox, target: LoopbackServer, target_faults: Faults, secret: str, delivered: Callable[..., object]
) -> None:
    assert secret
    sandbox.zendesk.desk.deliverer.retry_pace = 0.1
    target_faults.add(answering(503, times=1, headers={"Retry-After": "2"}))
    delivered()
    first, second = target.requests
    assert 0.2 <= second.at - first.at < 1.5


def test_silence_is_tried_again_five_times(
    sandbox: Sandbox, target_faults: Faults, secret: str, delivered: Callable[..., object]
) -> None:
    assert secret
    sandbox.zendesk.desk.deliverer.timeout = 0.05
    target_faults.add(Fault(service="zendesk", delay=0.2, times=None))
    assert delivered() == ("terminated", [None] * 6)


def test_a_refused_connection_ends_at_once(sandbox: Sandbox, delivered: Callable[..., object]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, and never listening
        sandbox.zendesk.install_webhook(f"http://127.0.0.1:{taken.getsockname()[1]}/")
        assert delivered() == ("terminated", [None])


def test_a_redirect_is_not_followed(
    target: LoopbackServer, target_faults: Faults, secret: str, delivered: Callable[..., object]
) -> None:
    assert secret
    target_faults.add(answering(307, headers={"Location": f"{target.url}/elsewhere"}))
    assert delivered() == ("terminated", [307])
    assert len(target.requests) == 1


def test_the_signature_is_of_the_secret_at_the_time_of_the_attempt(
    sandbox: Sandbox, target: LoopbackServer, target_faults: Faults, secret: str, api: Call, *, until: Until
) -> None:
    sandbox.zendesk.desk.deliverer.retry_pace = 0.3
    target_faults.add(answering(409, times=1))
    sandbox.zendesk.file_ticket()
    until(lambda: target.requests)
    webhook = api("GET", "webhooks").json()["webhooks"][0]
    new = api("POST", f"webhooks/{webhook['id']}/signing_secret").json()["signing_secret"]["secret"]
    until(lambda: len(target.requests) == 2)
    for seen, used in zip(target.requests, (secret, new), strict=True):
        stamp = seen.headers["X-Zendesk-Webhook-Signature-Timestamp"]
        assert seen.headers["X-Zendesk-Webhook-Signature"] == signature(used, stamp, seen.body)


def test_too_many_deliveries_a_minute_are_throttled(
    sandbox: Sandbox, secret: str, delivered: Callable[..., object]
) -> None:
    assert secret
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 1
    assert delivered() == ("success", [202])
    assert delivered() == ("throttled", [])


def test_the_log_has_no_payload_of_what_was_never_sent(
    sandbox: Sandbox, secret: str, api: Call, delivered: Callable[..., object]
) -> None:
    assert secret
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    assert delivered() == ("throttled", [])
    webhook = api("GET", "webhooks").json()["webhooks"][0]["id"]
    [row] = api("GET", f"webhooks/{webhook}/invocations").json()["invocations"]
    [attempt] = api("GET", f"webhooks/{webhook}/invocations/{row['id']}/attempts").json()["attempts"]
    assert (attempt["id"], attempt["invocation_id"], attempt["status"]) == (webhook, row["id"], "throttled")
    assert set(attempt) == {"id", "invocation_id", "status", "completed_at"}


def test_the_circuit_breaker_opens_after_many_errors_and_closes_after_its_pause(
    sandbox: Sandbox, target_faults: Faults, secret: str, delivered: Callable[..., object], until: Until
) -> None:
    assert secret
    sandbox.zendesk.desk.deliverer.retry_pace = 0.05
    sandbox.zendesk.desk.deliverer.breaker_least = 3
    target_faults.add(answering(500))
    assert [delivered() for _ in range(4)] == [("terminated", [500])] * 3 + [("circuit broken", [])]
    target_faults.clear()
    until(lambda: delivered() == ("success", [202]))


def test_the_log_of_a_webhook_tells_what_became_of_its_deliveries(
    sandbox: Sandbox, target_faults: Faults, secret: str, api: Call, delivered: Callable[..., object]
) -> None:
    assert secret
    target_faults.add(answering(409, times=1))
    target_faults.add(answering(403, after=2, body="no"))
    delivered()
    delivered()
    webhook = api("GET", "webhooks").json()["webhooks"][0]["id"]
    listed = api("GET", f"webhooks/{webhook}/invocations").json()["invocations"]
    assert [(row["status"], row["status_code"]) for row in listed] == [("terminated", 403), ("success", 202)]
    failed = api("GET", f"webhooks/{webhook}/invocations?filter[status]=terminated").json()["invocations"]
    assert [row["id"] for row in failed] == [listed[0]["id"]]
    later = api("GET", f"webhooks/{webhook}/invocations?filter[from_ts]=2999-01-01T00:00:00Z").json()
    assert later["invocations"] == []
    attempts = api("GET", f"webhooks/{webhook}/invocations/{listed[1]['id']}/attempts").json()["attempts"]
    assert [attempt["status_code"] for attempt in attempts] == [409, 202]
    number = sandbox.zendesk.tickets()[0].id
    assert json.loads(attempts[0]["request"]["payload"])["ticket_id"] == str(number)
    assert attempts[1]["response"]["payload"] == "taken"
    assert api("GET", f"webhooks/{webhook}/invocations/x/attempts").status_code == 404


@pytest.mark.parametrize(
    ("authentication", "name", "value"),
    [
        ({"type": "bearer_token", "data": {"token": "t"}}, "Authorization", "Bearer t"),
        ({"type": "basic_auth", "data": {"username": "u", "password": "p"}}, "Authorization", "Basic dTpw"),
        ({"type": "api_key", "data": {"name": "X-Key", "value": "k"}}, "X-Key", "k"),
    ],
)
def test_a_webhook_shows_its_credentials(  # noqa: PLR0917  # fixtures and parameters, all by name
    target: LoopbackServer, secret: str, api: Call, delivered: Callable[..., object],
    authentication: dict[str, object], name: str, value: str,
) -> None:  # fmt: skip
    assert secret
    webhook = api("GET", "webhooks").json()["webhooks"][0]["id"]
    changes = {"authentication": authentication, "custom_headers": {"X-Extra": "1"}}
    assert api("PATCH", f"webhooks/{webhook}", json={"webhook": changes}).status_code == 204
    delivered()
    assert (target.requests[0].headers[name], target.requests[0].headers["X-Extra"]) == (value, "1")


def test_an_inactive_webhook_is_not_called(sandbox: Sandbox, secret: str, api: Call) -> None:
    assert secret
    webhook = api("GET", "webhooks").json()["webhooks"][0]["id"]
    api("PATCH", f"webhooks/{webhook}", json={"webhook": {"status": "inactive"}})
    sandbox.zendesk.file_ticket()
    assert sandbox.zendesk.all_deliveries == []


def test_a_trigger_that_is_switched_off_does_not_fire(sandbox: Sandbox, secret: str, api: Call) -> None:
    assert secret
    [trigger] = api("GET", "triggers").json()["triggers"]
    assert api("PUT", f"triggers/{trigger['id']}", json={"trigger": {"active": False}}).ok
    sandbox.zendesk.file_ticket()
    assert sandbox.zendesk.all_deliveries == []
