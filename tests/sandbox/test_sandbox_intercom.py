"""The stand-in for Intercom answers, refuses and tells as Intercom does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.faults import Faults
from sandbox.intercom import Intercom
from sandbox.server import LoopbackServer
from tests.conftest import wait_for


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def intercom(faults: Faults) -> Iterator[Intercom]:
    running = Intercom(faults=faults)
    running.webhook.retry_after = 0.05
    running.start()
    yield running
    running.stop()


class Receiver:
    """Where the webhook leads: it answers with `statuses`, one after another, the last one for ever."""

    def __init__(self) -> None:
        self.statuses = [200]
        self.server = LoopbackServer("zendesk", self._answer, faults=Faults())
        self.server.start()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:  # noqa: ANN401 -- WSGI's own
        status = 200 if environ["REQUEST_METHOD"] == "HEAD" else self.statuses[0]
        if environ["REQUEST_METHOD"] != "HEAD" and len(self.statuses) > 1:
            self.statuses.pop(0)
        start_response(f"{status} X", [("Content-Length", "0")])
        return []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.server.stop()


def ask(intercom: Intercom, method: str, path: str, **more: Any) -> requests.Response:  # noqa: ANN401 -- requests' own
    headers = {"Authorization": f"Bearer {intercom.token}", "Intercom-Version": "2.16"}
    return requests.request(method, f"{intercom.url}{path}", headers=headers, timeout=5, **more)


def test_a_comment_goes_to_the_customer_and_a_note_does_not(intercom: Intercom) -> None:
    number = intercom.start_conversation(intercom.add_contact(), told=False)
    for kind in ("comment", "note"):
        body = {"message_type": kind, "type": "admin", "admin_id": intercom.own_id, "body": "<p>hello</p>"}
        answer = ask(intercom, "POST", f"/conversations/{number}/reply", json=body)
        assert answer.status_code == 200
        assert answer.headers["X-RateLimit-Remaining"]
    assert len(intercom.seen_by_customers(number)) == len(intercom.notes(number)) == 1


def test_a_part_is_kept_without_what_intercom_takes_out(intercom: Intercom) -> None:
    number = intercom.start_conversation(intercom.add_contact(), told=False)
    sent = "<html><body><!-- x --><p>a</p><p>b</p></body></html>"
    body = {"message_type": "note", "type": "admin", "admin_id": intercom.own_id, "body": sent}
    ask(intercom, "POST", f"/conversations/{number}/reply", json=body)
    assert intercom.notes(number)[0]["body"] == '<p class="no-margin">a</p>\n<p class="no-margin">b</p>'
    shown = ask(intercom, "GET", f"/conversations/{number}", params={"display_as": "plaintext"}).json()
    assert shown["conversation_parts"]["conversation_parts"][0]["body"] == "a\n\nb"


def test_who_is_refused_is_told_in_a_list_of_errors(intercom: Intercom) -> None:
    assert requests.get(f"{intercom.url}/me", timeout=5).json()["errors"][0]["code"] == "unauthorized"
    intercom.permissions.clear()
    assert ask(intercom, "GET", "/conversations/1").status_code == 403
    assert ask(intercom, "GET", "/me").status_code == 200


def test_a_delivery_is_signed_and_tried_once_more(intercom: Intercom, receiver: Receiver) -> None:
    assert intercom.subscribe(receiver.server.url) == 200
    receiver.statuses = [500, 200]
    intercom.start_conversation(intercom.add_contact(email="ada@shop.example"))
    wait_for(lambda: [attempt.status for attempt in intercom.webhook.attempts] == [500, 200])
    told = json.loads(receiver.server.requests[-1].body)
    assert (told["topic"], told["app_id"]) == ("conversation.user.created", intercom.app_id)
    assert told["data"]["item"]["source"]["body"] == "Checkout does not work"
    assert receiver.server.requests[-1].headers["X-Hub-Signature"].startswith("sha1=")


def test_after_a_410_nothing_is_told_any_more(intercom: Intercom, receiver: Receiver) -> None:
    intercom.subscribe(receiver.server.url)
    receiver.statuses = [410]
    ada = intercom.add_contact()
    intercom.start_conversation(ada)
    wait_for(lambda: intercom.webhook.disabled)
    intercom.start_conversation(ada)
    assert [attempt.status for attempt in intercom.webhook.attempts] == [410]
