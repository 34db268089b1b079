"""The page of the other doors: what is made there by hand, what comes of it, and what goes wrong when it shall."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from sandbox import Faults, Sandbox
from sandbox.customers import CUSTOMERS
from sandbox.doors import Doors
from sandbox.doors import page as doors_page
from sandbox.doors.switches import switches
from sandbox.server import LoopbackServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Until = Callable[..., None]
ANSWERS: dict[str, dict[str, Any]] = {
    "POST /v1/highlights": {"id": "abc", "status": "queued"},
    "GET /v1/highlights/abc": {"id": "abc", "status": "ready", "summary_markdown": "She **paid** <b>"},
}


@pytest.fixture
def product() -> Iterator[LoopbackServer]:
    """A product that takes everything, and has each summary ready at once."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(ANSWERS.get(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}", {})).encode()]

    server = LoopbackServer("zendesk", answer, faults=Faults())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def doors(product: LoopbackServer) -> Iterator[Doors]:
    """The doors, on the product."""
    sandbox = Sandbox()
    opened = Doors(faults=sandbox.faults, callbacks_to=sandbox.zendesk.url)
    sandbox.zendesk.app.register_blueprint(doors_page.blueprint(opened))
    sandbox.recorders |= opened.recorders()
    opened.start()
    with sandbox:
        opened.aim(product.url)
        opened.open(product.url)
        yield opened
    opened.stop()


@pytest.fixture
def page(doors: Doors) -> str:
    return f"http://{doors.environment()['ASK_CALLBACK_HOSTS']}/sandbox/doors"


def send(url: str, **form: str) -> requests.Response:
    answer = requests.post(url, data=form, timeout=5)
    assert [step.status_code for step in answer.history] == [303]
    return answer


def sent(product: LoopbackServer, path: str) -> list[dict[str, Any]]:
    return [json.loads(seen.body) for seen in product.requests if seen.method == "POST" and seen.path == path]


def test_a_conversation_is_started_by_a_customer_and_told_to_the_product(
    product: LoopbackServer, doors: Doors, page: str, until: Until
) -> None:
    text = send(f"{page}/conversations", customer="ada").text
    assert "Ada Example &lt;ada@shop.example&gt;" in text
    assert CUSTOMERS["ada"].description in text
    assert "No note yet." in text
    until(lambda: sent(product, "/intercom/conversations"))
    assert sent(product, "/intercom/conversations")[0]["topic"] == "conversation.user.created"
    assert [attempt.status for attempt in doors.intercom.webhook.attempts] == [200]


def test_a_note_is_told_from_what_customers_read_and_what_they_write_is_escaped(doors: Doors, page: str) -> None:
    doors.said_of = lambda case: f"about {case}"
    assert "<i>" not in send(f"{page}/conversations", email="", text="<i>no</i>").text
    [number] = doors.intercom.conversations
    assert f"The product's log: about intercom-{number}" in requests.get(page, timeout=5).text
    assert "<i>" not in send(f"{page}/conversations/{number}", text="<i>no</i>", email="").text
    note = {"message_type": "note", "type": "admin", "admin_id": doors.intercom.own_id, "body": "<p>She paid</p>"}
    headers = {"Authorization": f"Bearer {doors.intercom.token}", "Intercom-Version": "2.16"}
    url = f"{doors.intercom.url}/conversations/{number}/reply"
    assert requests.post(url, json=note, headers=headers, timeout=5).ok
    text = requests.get(page, timeout=5).text
    [internal] = text.split('<section class="comment internal">')[1:]
    assert '<p class="no-margin">She paid</p>' in internal.partition("</section>")[0]
    assert "No note yet." not in text


def test_a_lead_leaves_an_address_with_a_reply(product: LoopbackServer, doors: Doors, page: str, until: Until) -> None:
    send(f"{page}/conversations", customer="eve")
    [number] = doors.intercom.conversations
    [contact] = doors.intercom.contacts.values()
    assert (contact["role"], contact["email"]) == ("lead", "")
    send(f"{page}/conversations/{number}", text="Here it is", email="eve@shop.example")
    assert contact["email"] == "eve@shop.example"
    until(lambda: len(sent(product, "/intercom/conversations")) == 2)
    assert requests.post(f"{page}/conversations/1", data={"text": "x"}, timeout=5).status_code == 404


def test_a_score_is_told_once_or_apart_and_twice(product: LoopbackServer, page: str) -> None:
    form = {"score": "3", "email": "ada@shop.example", "comment": "I could not pay"}
    assert "Answer 1: the product said 200" in send(f"{page}/survey", **form).text
    assert sent(product, "/surveys/plain") == [{"id": "1", **form}]
    send(f"{page}/trouble", trouble="survey-apart", switch="on")
    send(f"{page}/survey", **form)
    later = sent(product, "/surveys/plain")[1:]
    assert [(answer["id"], answer["comment"]) for answer in later] == [("2", "")] * 2 + [("2", form["comment"])] * 2


def test_a_message_in_slack_is_shown(doors: Doors, page: str) -> None:
    wish = {"channel": doors.slack.channel.id, "text": "<b>3 of 10</b> <!here>"}
    headers = {"Authorization": f"Bearer {doors.slack.token}"}
    assert requests.post(f"{doors.slack.url}/chat.postMessage", json=wish, headers=headers, timeout=5).json()["ok"]
    block = {"type": "markdown", "text": "**Score: 3** <i>x</i> [replay](https://a.example) [x](javascript:alert(1))"}
    assert requests.post(
        f"{doors.slack.url}/chat.postMessage", json=wish | {"blocks": [block]}, headers=headers, timeout=5
    ).json()["ok"]
    for shown in (page, doors.slack.page_url):
        text = requests.get(shown, timeout=5).text
        assert '<strong>Score: 3</strong> &lt;i&gt;x&lt;/i&gt; <a href="https://a.example">replay</a>' in text
        assert 'href="javascript' not in text
    text = requests.get(page, timeout=5).text
    assert "&lt;b&gt;3 of 10&lt;/b&gt;" in text
    assert "It notifies &lt;!here&gt;." in text


def test_a_summary_is_asked_for_and_watched(product: LoopbackServer, page: str) -> None:
    text = send(f"{page}/summaries", email="ada@shop.example", question="Why?", callback="yes").text
    [wish] = sent(product, "/v1/highlights")
    assert (wish["email"], wish["question"], wish["callback_url"]) == ("ada@shop.example", "Why?", f"{page}/callback")
    assert '<span class="status">ready</span> ada@shop.example' in text
    assert "She <strong>paid</strong> &lt;b&gt;" in text
    assert "Not called back yet." in text


def test_a_summary_can_be_wanted_in_slack_and_has_a_reference(product: LoopbackServer, page: str) -> None:
    text = send(f"{page}/summaries", email="ada@shop.example", slack="yes", reference="deal 7").text
    send(f"{page}/summaries", email="ada@shop.example", slack="")
    first, second = sent(product, "/v1/highlights")
    assert (first["slack"], first["reference"]) == (True, "deal 7")
    assert "slack" not in second
    assert "It is to be in Slack, too." in text


def test_the_products_link_to_a_conversation_leads_to_it_here(doors: Doors, page: str) -> None:
    send(f"{page}/conversations", customer="ada")
    [number] = doors.intercom.conversations
    inbox = f"{doors.intercom.url}/a/inbox/_/inbox/conversation"
    shown = requests.get(f"{inbox}/{number}", timeout=5)
    assert shown.url == f"{page}#conversation-{number}"
    assert f'id="conversation-{number}"' in shown.text
    assert requests.get(f"{inbox}/1", timeout=5).status_code == 404


def test_a_callback_counts_when_it_is_signed_and_can_be_refused(doors: Doors, page: str) -> None:
    send(f"{page}/summaries", email="ada@shop.example", callback="yes")
    body = json.dumps({"type": "highlights.ready", "data": {"id": "abc"}}).encode()
    key = base64.b64decode(doors.environment()["ASK_CALLBACK_SECRET"].removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, b"msg_1.1700000000." + body, hashlib.sha256)).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": "1700000000", "webhook-signature": f"v1,{signature}"}

    def call_back(**other: str) -> int:
        return requests.post(f"{page}/callback", data=body, headers=headers | other, timeout=5).status_code

    assert call_back(**{"webhook-id": "msg_2"}) == 401
    assert call_back(**{"webhook-signature": "v1,?"}) == 401
    assert "Not called back yet." in requests.get(page, timeout=5).text
    assert call_back() == 204
    send(f"{page}/trouble", trouble="ask-callback", switch="on")
    assert call_back() == 503
    text = requests.get(page, timeout=5).text
    assert "Called back: highlights.ready, answered with 204" in text
    assert "Called back: highlights.ready, answered with 503" in text


def test_each_failure_is_switched_on_and_off(doors: Doors, page: str) -> None:
    known = switches(doors)
    for name in known:
        text = send(f"{page}/trouble", trouble=name, switch="on").text
        assert re.search(rf'class="on"><form [^>]+>\s+<input type="hidden" name="trouble" value="{name}"', text)
        assert [other for other, switch in known.items() if switch.is_on()] == [name]
        assert 'class="on"' not in send(f"{page}/trouble", trouble=name, switch="off").text
    assert doors.faults.as_json() == []
    assert requests.post(f"{page}/trouble", data={"trouble": "x", "switch": "on"}, timeout=5).status_code == 400


def test_what_is_switched_on_happens(doors: Doors, page: str) -> None:
    for name in ("intercom-token", "slack-odd"):
        send(f"{page}/trouble", trouble=name, switch="on")
    headers = {"Authorization": f"Bearer {doors.intercom.token}", "Intercom-Version": "2.16"}
    refused = requests.get(f"{doors.intercom.url}/me", headers=headers, timeout=5)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (401, "unauthorized")
    wish = {"channel": doors.slack.channel.id, "text": "x"}
    headers = {"Authorization": f"Bearer {doors.slack.token}"}
    posted = requests.post(f"{doors.slack.url}/chat.postMessage", json=wish, headers=headers, timeout=5)
    assert posted.json() == {"ok": False, "error": "internal_error"}
    assert len(doors.slack.own_messages()) == 1
    assert "(1 times)" in requests.get(page, timeout=5).text


@pytest.mark.parametrize("service", ["intercom", "slack"])
def test_what_the_services_behind_these_doors_were_asked_is_listed_without_credentials(
    doors: Doors, page: str, service: str
) -> None:
    url = page.replace("/sandbox/doors", f"/sandbox/api/requests?service={service}")
    requests.get(f"{doors.intercom.url}/me", headers={"Authorization": "Bearer secret"}, timeout=5)
    requests.post(f"{doors.slack.url}/auth.test", headers={"Authorization": "Bearer secret"}, timeout=5)
    requests.get(doors.slack.page_url, timeout=5)  # which is a person's look
    [seen] = requests.get(url, timeout=5).json()["requests"]
    assert (seen["path"], seen["headers"]["Authorization"]) in {("/me", "Bearer ..."), ("/api/auth.test", "Bearer ...")}


@pytest.mark.parametrize("path", ["conversations", "survey", "summaries", "trouble", "callback"])
def test_other_sites_cannot_use_a_visitors_browser_there(product: LoopbackServer, page: str, path: str) -> None:
    before = len(product.requests)
    headers = {"Origin": "https://evil.example"}
    assert requests.post(f"{page}/{path}", data={"customer": "ada"}, headers=headers, timeout=5).status_code == 403
    assert len(product.requests) == before
