"""The status page over real HTTP: what it shows, and what its buttons do."""

from __future__ import annotations

import re
from functools import partial

import pytest
import requests
from redis import Redis

from integration.cases import claims
from integration.cases.entry import State
from integration.errors import Temporary
from integration.settings import from_environment
from integration.web.app import create_app
from integration.web.status import actions
from integration.zendesk.settings import ZendeskSettings
from sandbox import Fault, Sandbox
from tests.admin import PASSWORD, Admin, fail_one, file_one
from tests.conftest import InProcess, wait_for
from tests.ports import free_port
from tests.steps import worked
from tests.tickets import key, new_ticket
from worker.recovery import Turns

ADA = "ada@shop.example"


def text_of(html: str) -> str:
    """What a reader of the page reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def item(html: str, ticket_id: int) -> str:
    """A ticket in the list."""
    found = re.search(rf'<li id="ticket-{ticket_id}".*?\n</li>', html, re.DOTALL)
    assert found is not None
    return found[0]


# -- It works


def test_an_empty_ledger_is_well(admin: Admin) -> None:
    page = text_of(admin.page())
    assert "No ticket waits. All is well." in page
    assert "No ticket has come yet." in page


def test_a_ticket_is_shown_with_its_way_its_links_and_no_address(
    admin: Admin, product: InProcess, sandbox: Sandbox
) -> None:
    ticket_id = file_one(product, sandbox)
    waiting = item(admin.page(), ticket_id)
    assert "a•••@s•••.example" in waiting
    assert ADA not in admin.page()

    product.work_until(ticket_id, State.POSTED)
    shown = item(admin.page(), ticket_id)
    assert re.findall(r'class="step">(\w+)<', shown) == ["received", "requested", "ready", "posted"]
    assert shown.count("<time datetime=") == 4
    assert f'href="{product.settings.of(ZendeskSettings).url}/agent/tickets/{ticket_id}"' in shown
    [replay] = re.findall(r'href="([^"]+/s/[^"]+)"', shown)
    [note] = sandbox.zendesk.internal_notes(ticket_id)
    assert f'"{replay}"' in note.html_body
    assert "@" not in text_of(admin.page())


def test_the_way_says_why_it_went_back_and_what_it_waited_for(
    admin: Admin, product: InProcess, sandbox: Sandbox
) -> None:
    sandbox.logrocket.default = "FAILED"
    ticket_id = file_one(product, sandbox)
    wait_for(lambda: worked(product) and product.entry(ticket_id).request.failures)
    sandbox.logrocket.default = "READY"
    sandbox.faults.add(Fault(service="zendesk", method="PUT", status=503))
    product.work_until(ticket_id, State.POSTED)
    shown = item(admin.page(), ticket_id)
    way = [text_of(each) for each in re.findall(r"<li>(.*?)</li>", shown, re.DOTALL)]
    assert [each.split()[0] for each in way] == ["received", "requested", "received", "requested", "ready", "posted"]
    again = r"tried again at [0-9:]{8} UTC"
    assert re.search(rf"LogRocket failed to make highlights, {again}", way[2])
    assert re.search(rf"Zendesk has trouble \(503\), {again}", way[4])
    assert not [each for at, each in enumerate(way) if at not in (2, 4) and "again" in each]


def test_it_tells_what_came_and_what_became_of_it(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    for _ in range(2):
        product.work_until(sandbox.zendesk.file_ticket(requester=ADA), State.POSTED)
    fail_one(product, sandbox)
    html = admin.page()
    windows = re.findall(r'<figure .*?<h3>(.+?)</h3>.*?<ul class="bars">(.*?)</ul>', html, re.DOTALL)
    assert [title for title, _ in windows] == ["Last hour", "Last day", "Last week"]
    for _, bars in windows:
        assert text_of(bars).strip() == "Came in 3 Posted 2 Empty 0 Skipped 0 Failed 1"
        assert re.findall(r'max="(\d+)" value="(\d+)"', bars) == [
            ("3", "3"),
            ("3", "2"),
            ("3", "0"),
            ("3", "0"),
            ("3", "1"),
        ]
    assert text_of(html).count("Half of the notes came within") == 3
    assert "1 ticket: LogRocket refuses the request (400)" in html


def test_it_tells_what_waits_and_for_what(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    product.ledger.lanes.hold("LogRocket", "LogRocket refuses our credentials (401)")
    file_one(product, sandbox)
    page = text_of(admin.page())
    assert "1 ticket waits." in page
    assert "LogRocket refuses our credentials (401): tickets wait for you." in page
    assert re.search(r"1 for LogRocket to be asked, the first for [0-9.]+ s", page)
    assert "On hold since" in page
    assert "look at LOGROCKET_API_KEY" in page


def test_it_tells_that_zendesk_asked_us_to_wait(admin: Admin, product: InProcess) -> None:
    product.ledger.lanes.pause("Zendesk", 90)
    assert re.search(r"Zendesk asked us to wait: the next note goes in 1 min \d+ s\.", text_of(admin.page()))


def test_a_failed_ticket_is_retried(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = fail_one(product, sandbox)
    assert f"/status/tickets/{ticket_id}/retry" in item(admin.page(), ticket_id)

    answer = admin.post(f"/status/tickets/{ticket_id}/retry")
    assert [each.status_code for each in answer.history] == [303]
    assert f"Ticket {ticket_id} was put back to work." in answer.text
    assert "put back to work" not in admin.page()
    product.work_until(ticket_id, State.POSTED)


def test_a_ticket_that_has_not_failed_is_not_retried(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(ticket_id, State.POSTED)
    answer = admin.post(f"/status/tickets/{ticket_id}/retry")
    assert f"Ticket {ticket_id} was left as it is: there is nothing to retry, it is posted." in answer.text
    assert "it is not known" in admin.post("/status/tickets/9999/retry").text


def test_a_ticket_is_erased_after_a_question(admin: Admin, product: InProcess, sandbox: Sandbox, redis: Redis) -> None:
    ticket_id = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(ticket_id, State.POSTED)
    question = admin.page(f"/status/tickets/{ticket_id}/erase")
    assert f"Erase ticket {ticket_id}?" in question
    assert product.ledger.reader.find(key(ticket_id)) is not None

    answer = admin.post(f"/status/tickets/{ticket_id}/erase")
    assert f"Ticket {ticket_id} was erased." in answer.text
    assert redis.exists(f"highlights:case:zendesk-{ticket_id}") == 0
    assert f"Of ticket {ticket_id} nothing was stored." in admin.post(f"/status/tickets/{ticket_id}/erase").text


def test_all_failed_tickets_are_retried_or_erased_at_once(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    failed = [fail_one(product, sandbox) for _ in range(3)]
    assert "Retry all 3 failed tickets?" in admin.page("/status/failed/retry")
    assert "3 tickets were put back to work." in admin.post("/status/failed/retry").text
    for each in failed:
        product.work_until(each, State.POSTED)

    last = fail_one(product, sandbox)
    assert "1 ticket was erased." in admin.post("/status/failed/erase").text
    assert product.ledger.reader.find(key(last)) is None
    assert product.ledger.reader.find(key(failed[0])) is not None


def test_one_press_takes_no_longer_than_a_request_may() -> None:
    assert actions._do_in_time([key(1), key(2), key(3)], lambda _: True, seconds=60) == 3
    assert actions._do_in_time([key(1), key(2), key(3)], lambda _: True, seconds=-1) == 1


@pytest.mark.parametrize("typed", ["{}", " {} ", "#{}"])
def test_a_ticket_is_found_by_its_number(typed: str, admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = file_one(product, sandbox)
    html = admin.session.get(admin.url, params={"ticket": typed.format(ticket_id)}, timeout=5).text
    assert f'id="found-{ticket_id}"' in html


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("99999", "is not known"),
        ("abc", "is no ticket number"),
        ("0", "is no ticket number"),
        ("9" * 19, "is no ticket number"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;” is no ticket number"),
        ("\x00\udcff".encode("utf-8", "replace").decode(), "is no ticket number"),
    ],
)
def test_a_search_that_finds_nothing_says_so(typed: str, told: str, admin: Admin) -> None:
    answer = admin.session.get(admin.url, params={"ticket": typed}, timeout=5)
    assert answer.status_code == 200
    assert told in answer.text


def test_the_list_is_narrowed_to_a_state(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    posted = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(posted, State.POSTED)
    failed = fail_one(product, sandbox)
    html = admin.page("/?state=failed")
    assert f'id="ticket-{failed}"' in html
    assert f'id="ticket-{posted}"' not in html
    assert f'id="ticket-{posted}"' in admin.page("/?state=nonsense")


def test_a_refresh_leaves_the_message_of_a_deed_to_the_page_that_comes(
    admin: Admin, product: InProcess, sandbox: Sandbox
) -> None:
    ticket_id = fail_one(product, sandbox)
    admin.post(f"/status/tickets/{ticket_id}/retry", follow=False)
    assert "put back to work" not in admin.page("/?refresh=1")
    assert "put back to work" in admin.page("/")


def test_why_a_ticket_is_tried_again_is_told(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = file_one(product, sandbox)
    claimed = product.ledger.claim(key(ticket_id), State.RECEIVED)
    assert claimed is not None
    assert "A worker is at work on it right now." in item(admin.page(), ticket_id)

    error = Temporary("LogRocket has trouble (503)", retry_after=60)
    product.ledger.settle(claimed, partial(claims.postponed, error=error, policy=product.ledger.policy))
    shown = text_of(item(admin.page(), ticket_id))
    assert "Waits for LogRocket to be asked, because: LogRocket has trouble (503). Next look:" in shown


# -- It refuses


@pytest.mark.parametrize(
    "path", ["/status/tickets/1/retry", "/status/tickets/1/erase", "/status/failed/retry", "/status/failed/erase"]
)
@pytest.mark.parametrize("forged", [{}, {"csrf_token": ""}, {"csrf_token": "x"}])
def test_a_forged_request_does_nothing(
    path: str, forged: dict[str, str], admin: Admin, product: InProcess, sandbox: Sandbox
) -> None:
    ticket_id = fail_one(product, sandbox)
    before = product.entry(ticket_id)
    path = path.replace("/1/", f"/{ticket_id}/")
    admin.page()
    for cookies in (None, admin.session.cookies):
        answer = requests.post(admin.url + path, data=forged, cookies=cookies, auth=("admin", PASSWORD), timeout=5)
        assert answer.status_code == 400
        assert "Nothing was done" in answer.text
    assert product.entry(ticket_id) == before


def test_a_button_is_no_link(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = fail_one(product, sandbox)
    assert admin.get(f"/status/tickets/{ticket_id}/retry").status_code == 405
    assert product.entry(ticket_id).state is State.FAILED


@pytest.mark.parametrize("number", ["0", "-1", "1" * 19, "x", "1%00", "1.0"])
def test_an_address_without_a_ticket_leads_nowhere(number: str, admin: Admin) -> None:
    assert admin.get(f"/status/tickets/{number}/erase").status_code == 404
    assert admin.post(f"/status/tickets/{number}/retry").status_code == 404


def test_a_form_that_is_too_large_is_refused(admin: Admin) -> None:
    assert admin.post("/status/tickets/1/retry", rest="x" * 20_000).status_code == 413


def test_nothing_on_the_page_can_run_but_its_own_files(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    fail_one(product, sandbox)
    for path in ("/", "/status/failed/erase"):
        answer = admin.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r" style=| on\w+=|<style|javascript:|<script(?! src=)", answer.text)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("name", "kind"), [("status.css", "css"), ("status.js", "javascript"), ("icon.svg", "svg")])
def test_its_files_come_from_its_own_origin(name: str, kind: str, admin: Admin) -> None:
    answer = requests.get(f"{admin.url}/status/files/{name}", timeout=5)
    assert answer.status_code == 200
    assert kind in answer.headers["Content-Type"]
    assert f"/status/files/{name}" in admin.page()


# -- It survives


def test_without_redis_the_page_says_so(environ: dict[str, str]) -> None:
    settings = from_environment({**environ, "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
    client = create_app(settings).test_client()
    answer = client.get("/", auth=("admin", PASSWORD))
    assert answer.status_code == 503
    assert "Redis does not answer" in answer.text
    assert "Retry-After" in answer.headers
    answer = client.get("/metrics", auth=("admin", PASSWORD))
    assert (answer.status_code, answer.mimetype) == (503, "text/plain")
    assert client.get("/").status_code == 401


def test_an_entry_of_a_newer_release_does_not_break_the_page(admin: Admin, product: InProcess, redis: Redis) -> None:
    for ticket_id in (1, 2):
        product.ledger.receive(new_ticket(ticket_id))
    redis.set("highlights:case:zendesk-2", '{"v": 99}')
    html = admin.page("/?ticket=2")
    assert "was written by a newer release" in html
    assert 'id="ticket-1"' in html
    assert "a newer release wrote it" in admin.post("/status/tickets/2/retry").text


def test_an_entry_of_an_older_release_is_shown(admin: Admin, product: InProcess, redis: Redis) -> None:
    product.ledger.receive(new_ticket(7))
    redis.set(
        "highlights:case:zendesk-7",
        '{"v": 1, "key": "zendesk-7", "received_at": 5.0, "entered_at": 6.0, "state": "posted"}',
    )
    assert 'class="step">posted<' in item(admin.page(), 7)


def test_missed_tickets_that_cannot_be_recovered_are_shown(admin: Admin, product: InProcess, sandbox: Sandbox) -> None:
    assert "Not looked for yet." in text_of(admin.page())
    turns = Turns(product.settings, product.ledger, product.redis, alive=lambda: True)
    refused = Fault(service="zendesk", path="/webhooks", status=503)
    sandbox.faults.add(refused)
    turns.take()
    page = text_of(admin.page())
    assert "cannot be recovered: Zendesk has trouble (503)." in page
    assert "All is well." not in page
    product.redis.delete(product.ledger.keys.recovery_lock)
    turns.take()
    page = text_of(admin.page())
    assert "cannot be recovered" not in page
    assert "Looked for, up to" in page
