"""The page of the sandbox, and its own interface over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from sandbox import Sandbox
from sandbox.server import LoopbackServer

Call = Callable[..., requests.Response]


def shown(sandbox: Sandbox, path: str = "/") -> requests.Response:
    return requests.get(f"{sandbox.zendesk.url}{path}", timeout=5)


def test_the_page_shows_the_tickets_newest_first_with_their_notes(sandbox: Sandbox, api: Call) -> None:
    first = sandbox.zendesk.file_ticket(subject="First", name="Ada & Co")
    second = sandbox.zendesk.file_ticket(subject="Second", requester=None, name="Bob")
    note = {"ticket": {"comment": {"html_body": "<p>It <b>broke</b></p>", "public": False}}}
    assert api("PUT", f"tickets/{first}", json=note).ok
    text = shown(sandbox).text
    assert text.index(f"#{second} Second") < text.index(f"#{first} First")
    assert "Ada &amp; Co &lt;ada@shop.example&gt;" in text
    assert "Bob, no e-mail" in text
    [internal] = text.split('<section class="internal">')[1:]
    assert "<strong>Internal note</strong>" in internal.partition("</section>")[0]
    assert "<p>It <b>broke</b></p>" in internal.partition("</section>")[0]


def test_what_people_write_is_escaped(sandbox: Sandbox) -> None:
    wicked = "<script>alert(1)</script>"
    sandbox.zendesk.file_ticket(subject=wicked, name=wicked, requester=f"{wicked}@x", description=wicked)
    assert "<script" not in shown(sandbox).text


def test_the_page_lets_nothing_in_from_elsewhere(sandbox: Sandbox) -> None:
    answer = shown(sandbox)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert "http" not in answer.text.replace("http-equiv", "").replace("https://app.logrocket.com", "")
    assert shown(sandbox, "/sandbox/static/page.css").headers["Content-Type"].startswith("text/css")


def test_a_ticket_is_filed_by_form(sandbox: Sandbox) -> None:
    form = {"name": "Zoë", "email": "zoe@shop.example", "subject": "Hm", "description": "One\r\ntwo"}
    answer = requests.post(f"{sandbox.zendesk.url}/sandbox/tickets", data=form, timeout=5)
    assert [step.status_code for step in answer.history] == [303]
    assert "Zoë &lt;zoe@shop.example&gt;" in answer.text
    [ticket] = sandbox.zendesk.tickets()
    assert (ticket.subject, ticket.description) == ("Hm", "One\r\ntwo")


def test_the_page_looks_again_only_while_a_ticket_waits(
    sandbox: Sandbox, target: LoopbackServer, api: Call, until: Callable[..., None]
) -> None:
    refresh = 'http-equiv="refresh"'
    sandbox.zendesk.install_webhook(target.url)
    assert refresh not in shown(sandbox).text
    number = sandbox.zendesk.file_ticket()
    until(lambda: sandbox.zendesk.deliveries)
    waiting = shown(sandbox).text
    assert (refresh in waiting, "<form" in waiting, "Webhook: success (202)" in waiting) == (True, False, True)
    form = shown(sandbox, "/?form=").text
    assert (refresh in form, "<form" in form) == (False, True)
    assert api("PUT", f"tickets/{number}", json={"ticket": {"comment": {"body": "n", "public": False}}}).ok
    assert refresh not in shown(sandbox).text


def test_trouble_begins_and_ends_by_form(sandbox: Sandbox, ask: Call) -> None:
    url = f"{sandbox.zendesk.url}/sandbox/trouble"
    for name in ("busy", "lost", "down", "failed", "empty", "silent"):
        assert requests.post(url, data={"trouble": name}, timeout=5).status_code == 200
    assert (len(sandbox.faults.as_json()), sandbox.logrocket.callbacks) == (3, "none")
    assert ask({"userID": "u"}).status_code == 503
    assert requests.post(url, data={"trouble": "none"}, timeout=5).status_code == 200
    assert (sandbox.faults.as_json(), sandbox.logrocket.callbacks) == ([], "once")
    assert requests.post(url, data={"trouble": "?"}, timeout=5).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_other_sites_cannot_use_a_visitors_browser(sandbox: Sandbox, headers: dict[str, str]) -> None:
    for path in ("/sandbox/tickets", "/sandbox/trouble", "/sandbox/api/faults", "/sandbox/api/tickets"):
        answer = requests.post(f"{sandbox.zendesk.url}{path}", data="{}", headers=headers, timeout=5)
        assert answer.status_code == 403
    assert sandbox.zendesk.tickets() == []


def test_tickets_are_filed_and_listed_over_http(sandbox: Sandbox) -> None:
    url = f"{sandbox.zendesk.url}/sandbox/api/tickets"
    made = requests.post(url, json={"requester": None, "name": "Bob", "external_id": "u-1"}, timeout=5)
    [listed] = requests.get(url, timeout=5).json()["tickets"]
    assert (made.status_code, made.json()["id"]) == (201, listed["id"])
    assert (listed["requester"]["external_id"], listed["comments"][0]["public"]) == ("u-1", True)
    assert listed["deliveries"] == []


@pytest.mark.parametrize(
    ("data", "named"),
    [([], "object"), ({"subjekt": "x"}, "subjekt"), ({"subject": 1}, "subject"), ({"status": "odd"}, "status")],
)
def test_a_malformed_ticket_is_refused_with_the_reason(sandbox: Sandbox, data: object, named: str) -> None:
    answer = requests.post(f"{sandbox.zendesk.url}/sandbox/api/tickets", json=data, timeout=5)
    assert (answer.status_code, named in answer.json()["error"]) == (400, True)


def test_what_the_services_were_asked_is_listed_without_credentials(sandbox: Sandbox, ask: Call) -> None:
    ask({"userID": "u"})
    url = f"{sandbox.zendesk.url}/sandbox/api/requests?service="
    [seen] = requests.get(f"{url}logrocket", timeout=5).json()["requests"]
    assert (seen["method"], seen["status"], seen["headers"]["Authorization"]) == ("POST", 200, "token ...")
    assert requests.get(f"{url}zendesk", timeout=5).json() == {"requests": []}
    assert requests.get(f"{url}x", timeout=5).status_code == 400


def test_logrockets_moods_are_set_over_http(sandbox: Sandbox) -> None:
    url = f"{sandbox.zendesk.url}/sandbox/api/logrocket"
    wish = {"delay": 3, "default": "EMPTY", "callbacks": "twice", "script": ["FAILED"]}
    assert requests.post(url, json=wish, timeout=5).json() == {"delay": 3, "default": "EMPTY", "callbacks": "twice"}
    assert (sandbox.logrocket.delay, sandbox.logrocket.default) == (3, "EMPTY")


@pytest.mark.parametrize(
    "wish",
    [{"delay": -1}, {"delay": "1"}, {"delay": True}, {"default": "OK"}, {"callbacks": 2}, {"script": "READY"},
     {"script": [[]]}, {"colour": 1}],
)  # fmt: skip
def test_a_malformed_mood_is_refused_with_the_reason(sandbox: Sandbox, wish: dict[str, object]) -> None:
    answer = requests.post(
        f"{sandbox.zendesk.url}/sandbox/api/logrocket", json=wish | {"delay": wish.get("delay", 9)}, timeout=5
    )
    assert (answer.status_code, next(iter(wish)) in answer.json()["error"]) == (400, True)
    assert sandbox.logrocket.delay != 9
