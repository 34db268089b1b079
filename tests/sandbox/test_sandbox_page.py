"""The page of the sandbox, and its own interface over HTTP."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from sandbox import Sandbox
from sandbox.customers import CUSTOMERS
from sandbox.server import LoopbackServer
from sandbox.troubles import TROUBLES, World
from sandbox.zendesk.records import BRANDS

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
    [internal] = text.split('<section class="comment internal">')[1:]
    assert "<strong>Internal note</strong>" in internal.partition("</section>")[0]
    assert "<p>It <b>broke</b></p>" in internal.partition("</section>")[0]


def test_what_people_write_is_escaped(sandbox: Sandbox) -> None:
    wicked = "<script>alert(1)</script>"
    sandbox.zendesk.file_ticket(subject=wicked, name=wicked, requester=f"{wicked}@x", description=wicked)
    assert wicked not in shown(sandbox).text
    assert shown(sandbox).text.count("<script") == 1  # our own


def test_the_page_lets_nothing_in_from_elsewhere(sandbox: Sandbox) -> None:
    answer = shown(sandbox)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "http" not in answer.text.replace("https://app.logrocket.com", "")
    assert shown(sandbox, "/sandbox/static/page.css").headers["Content-Type"].startswith("text/css")
    assert "javascript" in shown(sandbox, "/sandbox/static/page.js").headers["Content-Type"]


def test_a_ticket_is_filed_by_form(sandbox: Sandbox) -> None:
    form = {"name": "Zoë", "email": "zoe@shop.example", "subject": "Hm", "description": "One\r\ntwo"}
    answer = requests.post(f"{sandbox.zendesk.url}/sandbox/tickets", data=form, timeout=5)
    assert [step.status_code for step in answer.history] == [303]
    assert "Zoë &lt;zoe@shop.example&gt;" in answer.text
    [ticket] = sandbox.zendesk.tickets()
    assert (ticket.subject, ticket.description) == ("Hm", "One\r\ntwo")


def test_the_form_files_for_a_brand_and_by_an_agent(sandbox: Sandbox) -> None:
    url = f"{sandbox.zendesk.url}/sandbox/tickets"
    form = {"email": "zoe@shop.example", "brand": str(list(BRANDS)[1]), "submitter": "sam@acme.example"}
    answer = requests.post(url, data=form, timeout=5)
    assert "&lt;zoe@shop.example&gt; · filed by Sam Agent · Acme Outlet</p>" in answer.text
    for wrong in ({"brand": "1"}, {"brand": ""}, {"submitter": "zoe@shop.example"}):
        assert requests.post(url, data=form | wrong, timeout=5).status_code == 400
    assert len(sandbox.zendesk.tickets()) == 1


def test_a_customer_rates_a_ticket_on_the_page(sandbox: Sandbox) -> None:
    number = sandbox.zendesk.file_ticket()
    url = f"{sandbox.zendesk.url}/sandbox/tickets/{number}/rating"
    assert " · rated bad</p>" in requests.post(url, data={"rating": "bad", "comment": " "}, timeout=5).text
    told = requests.post(url, data={"rating": "bad", "comment": "<b>no</b>"}, timeout=5).text
    assert " · rated bad: &lt;b&gt;no&lt;/b&gt;</p>" in told
    assert sandbox.zendesk.ticket(number).satisfaction_score == "bad_with_comment"
    for wrong in ({"rating": "unoffered"}, {}):
        assert requests.post(url, data=wrong, timeout=5).status_code == 400
    sandbox.zendesk.set_status(number, "closed")
    assert requests.post(url, data={"rating": "good"}, timeout=5).status_code == 400


def test_an_agent_tags_and_merges_tickets_on_the_page(sandbox: Sandbox) -> None:
    first, second = sandbox.zendesk.file_ticket(), sandbox.zendesk.file_ticket()
    url = f"{sandbox.zendesk.url}/sandbox/tickets/{first}"
    assert "tags: highlights</p>" in requests.post(url, data={"tag": "highlights"}, timeout=5).text
    merged = requests.post(url, data={"into": second}, timeout=5)
    assert "tags: highlights, closed_by_merge</p>" in merged.text
    assert "was closed and merged into this request" in merged.text
    assert merged.text.count("As an agent") == 1  # nobody changes a closed one
    for wrong in ({"into": "x"}, {"into": "1"}, {"tag": "late"}):
        assert requests.post(url, data=wrong, timeout=5).status_code == 400
    foreign = {"Origin": "https://evil.example"}
    assert requests.post(url, data={"tag": "x"}, headers=foreign, timeout=5).status_code == 403


def test_a_tickets_way_tells_what_logrocket_was_asked(sandbox: Sandbox, ask: Call) -> None:
    number = sandbox.zendesk.file_ticket()
    asked = {"userEmail": "ada@shop.example", "question": "Why <b>?", "timeRange": {"startMs": 0, "endMs": 86_400_000}}
    ask(asked | {"webhookURL": f"http://127.0.0.1:1/?ticket_id={number}"})
    said = "LogRocket was asked for ada@shop.example in acme/shop, 01 Jan 00:00 to 02 Jan 00:00 UTC: “Why &lt;b&gt;?”"
    assert said in shown(sandbox).text


@pytest.mark.parametrize("key", list(CUSTOMERS))
def test_each_customer_files_a_ticket_with_a_button(key: str, sandbox: Sandbox) -> None:
    answer = requests.post(f"{sandbox.zendesk.url}/sandbox/tickets", data={"customer": key}, timeout=5)
    [ticket] = sandbox.zendesk.tickets()
    assert f"#{ticket.id} {CUSTOMERS[key].subject}" in answer.text
    requester = sandbox.zendesk.desk.account.user(ticket.requester_id)
    assert (requester.email, requester.external_id) == (CUSTOMERS[key].email, CUSTOMERS[key].external_id)


def test_the_customers_differ_in_what_logrocket_makes_of_them(sandbox: Sandbox, ask: Call) -> None:
    for wish in ({"userEmail": "ada@shop.example"}, {"userID": "shopper-1042"}, {"userEmail": "cleo@shop.example"},
                 {"userEmail": "dan@shop.example"}, {"userEmail": "fay@shop.example"}):  # fmt: skip
        assert ask(wish).ok
    found = list(sandbox.logrocket.results.values())
    assert [each["outcome"] for each in found] == ["READY", "READY", "EMPTY", "FAILED", "READY"]
    assert "{{ticket.latest_comment}}" in found[-1]["payload"]["result"]["sessions"][0]["highlights"]


def test_a_tickets_way_is_shown_step_by_step(
    sandbox: Sandbox, target: LoopbackServer, api: Call, ask: Call, until: Callable[..., None]
) -> None:
    sandbox.zendesk.install_webhook(target.url)
    number = sandbox.zendesk.file_ticket()
    until(lambda: sandbox.zendesk.deliveries)
    assert "Zendesk told the product (202)" in shown(sandbox).text
    assert "No note yet" in shown(sandbox).text
    ask({"userEmail": "ada@shop.example", "webhookURL": f"{target.url}/?ticket_id={number}"})
    until(lambda: sandbox.logrocket.callbacks_made)
    assert api("PUT", f"tickets/{number}", json={"ticket": {"comment": {"body": "n", "public": False}}}).ok
    way = shown(sandbox).text.partition('<ol class="steps"')[2].partition("</ol>")[0]
    steps = (
        "Filed",
        "Zendesk told",
        "LogRocket was asked",
        "LogRocket found",
        "LogRocket called back (202)",
        "Internal",
    )
    places = [way.index(step) for step in steps]
    assert places == sorted(places)
    assert "No note yet" not in way


def test_a_delivery_that_failed_is_shown_as_trouble(sandbox: Sandbox, until: Callable[..., None]) -> None:
    sandbox.zendesk.install_webhook("http://127.0.0.1:1/")
    sandbox.zendesk.file_ticket()
    until(lambda: sandbox.zendesk.deliveries)
    assert "Zendesk could not tell the product: terminated (no answer)" in shown(sandbox).text


@pytest.mark.parametrize("name", list(TROUBLES))
def test_each_trouble_is_switched_on_and_off(name: str, sandbox: Sandbox) -> None:
    world = World(sandbox.zendesk, sandbox.logrocket, sandbox.faults)
    url = f"{sandbox.zendesk.url}/sandbox/trouble"
    assert not TROUBLES[name].is_on(world)
    for _ in range(2):
        on = requests.post(url, data={"trouble": name, "switch": "on"}, timeout=5)
        assert (on.status_code, on.text.count('aria-pressed="true"'), TROUBLES[name].is_on(world)) == (200, 1, True)
    off = requests.post(url, data={"trouble": name, "switch": "off"}, timeout=5)
    assert (off.text.count('aria-pressed="true"'), TROUBLES[name].is_on(world)) == (0, False)
    assert sandbox.faults.as_json() == []


def test_a_trouble_happens_until_it_is_switched_off(sandbox: Sandbox, ask: Call) -> None:
    url = f"{sandbox.zendesk.url}/sandbox/trouble"
    requests.post(url, data={"trouble": "down", "switch": "on"}, timeout=5)
    assert [ask({"userID": "u"}).status_code for _ in range(3)] == [503, 503, 503]
    assert "(3 times)" in shown(sandbox).text
    requests.post(url, data={"trouble": "down", "switch": "off"}, timeout=5)
    assert ask({"userID": "u"}).ok


@pytest.mark.parametrize("data", [{"trouble": "?", "switch": "on"}, {"trouble": "down"}, {"switch": "on"}, {}])
def test_a_switch_that_is_none_is_refused(data: dict[str, str], sandbox: Sandbox) -> None:
    assert requests.post(f"{sandbox.zendesk.url}/sandbox/trouble", data=data, timeout=5).status_code == 400


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
    said = {"delay": 3, "default": "EMPTY", "callbacks": "twice", "knows_question": True, "refused_projects": []}
    assert requests.post(url, json=wish, timeout=5).json() == said
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
