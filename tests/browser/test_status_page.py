"""The status page as an admin uses it, in a browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from integration.cases.entry import State
from integration.facts import NewCase, case_key
from sandbox import Sandbox
from tests.admin import fail_one, file_one
from tests.browser.visitor import LOOKS, Visitor, barriers, fits, picture
from tests.conftest import InProcess
from tests.tickets import key

ADA = "ada@shop.example"
SOON = 15_000  # ms: some refreshes of the page


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def one_of_each(product: InProcess, sandbox: Sandbox) -> tuple[int, int, int]:
    """A ticket that was posted, one that failed, one that waits."""
    posted = file_one(product, sandbox)
    product.work_until(posted, State.POSTED)
    return posted, fail_one(product, sandbox), file_one(product, sandbox)


def item(page: Page, ticket_id: int) -> Any:  # noqa: ANN401 -- a Locator, which has no public type for mypy
    return page.locator(f"#ticket-{ticket_id}")


# -- It works


def test_an_admin_logs_in_and_watches_a_ticket_go_by(
    look: str, visitor: Visitor, product: InProcess, sandbox: Sandbox
) -> None:
    page = visitor.open(**LOOKS[look])
    expect(page.get_by_role("heading", level=1)).to_have_text("Highlights")
    expect(page.locator("#summary")).to_have_text("No ticket waits. All is well.")
    page.evaluate("window.neverReloaded = true")

    ticket_id = file_one(product, sandbox)
    expect(item(page, ticket_id).locator(".state")).to_have_text("received", timeout=SOON)
    expect(page.locator("#summary")).to_have_text("1 ticket waits. All is well.")
    product.work_until(ticket_id, State.POSTED)
    expect(item(page, ticket_id).locator(".state")).to_have_text("posted", timeout=SOON)
    expect(item(page, ticket_id).locator(".step")).to_have_text(["received", "requested", "ready", "posted"])
    expect(item(page, ticket_id).get_by_role("link", name=f"Replay of ticket {ticket_id}")).to_be_visible()
    expect(page.locator("#summary")).to_have_text("No ticket waits. All is well.")
    assert page.evaluate("window.neverReloaded") is True
    assert fits(page)
    assert visitor.complaints == []
    picture(page, f"watch-{look}")


def test_an_admin_retries_a_failed_ticket(look: str, visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = fail_one(product, sandbox)
    page = visitor.open(**LOOKS[look])
    expect(page.locator("#summary")).to_contain_text("1 ticket has failed.")
    item(page, ticket_id).get_by_role("button", name=f"Retry ticket {ticket_id}").click()

    expect(page.locator("#message")).to_have_text(f"Ticket {ticket_id} was put back to work.")
    expect(page.locator("#message")).to_be_focused()  # so that it is read out
    product.work_until(ticket_id, State.POSTED)
    expect(page.locator(f"#found-{ticket_id} .state")).to_have_text("posted", timeout=SOON)
    assert fits(page)
    assert visitor.complaints == []


def test_an_admin_erases_a_ticket_after_a_question(
    look: str, visitor: Visitor, product: InProcess, sandbox: Sandbox
) -> None:
    ticket_id = file_one(product, sandbox)
    page = visitor.open(**LOOKS[look])
    erase = item(page, ticket_id).get_by_role("link", name=re.compile(f"Erase… ticket {ticket_id}"))
    erase.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Erase ticket {ticket_id}?")
    picture(page, f"erase-{look}")
    page.get_by_role("link", name="Back, change nothing").click()
    assert product.entry(ticket_id).state is State.RECEIVED

    erase.click()
    page.get_by_role("button", name=f"Erase ticket {ticket_id}").click()
    expect(page.locator("#message")).to_have_text(f"Ticket {ticket_id} was erased.")
    expect(item(page, ticket_id)).to_have_count(0)
    assert product.ledger.reader.find(key(ticket_id)) is None
    assert visitor.complaints == []


def test_a_case_with_the_longest_key_there_can_be_fits(look: str, visitor: Visitor, product: InProcess) -> None:
    product.ledger.receive(NewCase(key=case_key("ask", "c6aa721d" * 8)))
    page = visitor.open(**LOOKS[look])
    expect(page.locator(".tickets .state")).to_have_text("received")
    assert fits(page)
    assert visitor.complaints == []
    picture(page, f"long-key-{look}")


def test_all_that_failed_is_put_back_to_work_at_once(visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    failed = [fail_one(product, sandbox) for _ in range(2)]
    page = visitor.open()
    page.get_by_role("link", name="Retry all…").click()
    page.get_by_role("button", name="Retry all 2 failed tickets").click()
    expect(page.locator("#message")).to_have_text("2 tickets were put back to work.")
    for ticket_id in failed:
        product.work_until(ticket_id, State.POSTED)


def test_it_is_used_with_the_keyboard_alone(visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = fail_one(product, sandbox)
    page = visitor.open()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the tickets")).to_be_focused()
    page.keyboard.press("Enter")
    retry = page.get_by_role("button", name=f"Retry ticket {ticket_id}")
    for _ in range(15):
        page.keyboard.press("Tab")
        if retry.evaluate("element => element === document.activeElement"):
            break
    expect(retry).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#message")).to_have_text(f"Ticket {ticket_id} was put back to work.")


def test_a_refresh_takes_nothing_out_of_a_persons_hands(visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    failed = fail_one(product, sandbox)
    page = visitor.open()
    page.locator("#flow-hour-summary").click()
    page.locator("#search").fill("354")
    page.locator(f"#ticket-{failed}-retry").focus()
    came = file_one(product, sandbox)
    expect(item(page, came)).to_be_visible(timeout=SOON)
    expect(page.locator(f"#ticket-{failed}-retry")).to_be_focused()
    expect(page.locator("#flow-hour table")).to_be_visible()
    expect(page.locator("#search")).to_have_value("354")

    page.locator("#search").focus()
    page.keyboard.press("End")
    product.ledger.retry(key(failed))
    expect(item(page, failed).locator(".state")).to_have_text("received", timeout=SOON)
    page.keyboard.type("36")
    expect(page.locator("#search")).to_have_value("35436")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("35436")


def test_a_focused_button_that_goes_away_leaves_the_focus_near(
    visitor: Visitor, product: InProcess, sandbox: Sandbox
) -> None:
    failed = fail_one(product, sandbox)
    page = visitor.open()
    page.locator(f"#ticket-{failed}-retry").focus()
    product.ledger.retry(key(failed))
    expect(item(page, failed).locator(".state")).to_have_text("received", timeout=SOON)
    expect(page.locator(f"#ticket-{failed}-link")).to_be_focused()

    product.ledger.forget(key(failed))
    expect(item(page, failed)).to_have_count(0, timeout=SOON)
    expect(page.locator("#tickets")).to_be_focused()


def test_refreshing_can_be_paused(visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    page = visitor.open()
    page.get_by_role("button", name="Pause").click()
    ticket_id = file_one(product, sandbox)
    page.wait_for_timeout(5_000)  # longer than a refresh takes to come
    expect(item(page, ticket_id)).to_have_count(0)
    page.get_by_role("button", name="Go on").click()
    expect(item(page, ticket_id)).to_be_visible(timeout=SOON)


def test_it_works_without_javascript(visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    ticket_id = fail_one(product, sandbox)
    page = visitor.open(java_script_enabled=False)
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    expect(page.get_by_text("press Refresh")).to_be_visible()
    page.locator(f"#ticket-{ticket_id}-retry").click()
    expect(page.locator("#message")).to_have_text(f"Ticket {ticket_id} was put back to work.")
    product.work_until(ticket_id, State.POSTED)
    page.get_by_role("link", name="Refresh").click()
    expect(page.locator(f"#found-{ticket_id} .state")).to_have_text("posted")


# -- It is for everybody


def test_axe_finds_nothing(look: str, visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    posted, failed, waiting = one_of_each(product, sandbox)
    product.ledger.lanes.hold("Zendesk", "Zendesk refuses our credentials (401)")
    page = visitor.open(**LOOKS[look])
    page.locator("#flow-hour-summary").click()
    for ticket_id in (posted, failed, waiting):
        expect(item(page, ticket_id)).to_be_visible()
    assert fits(page)
    assert barriers(page) == []
    picture(page, f"troubled-{look}")
    for path in (
        f"/?ticket={failed}",
        "/?ticket=x",
        "/?state=failed",
        f"/status/tickets/{failed}/erase",
        "/?state=ready",
    ):
        page.goto(path)
        assert fits(page)
        assert barriers(page) == []
    page.locator("#which-failed").click()
    page.get_by_role("button", name=re.compile("Retry ticket")).click()
    expect(page.locator("#message")).to_be_visible()
    assert barriers(page) == []
    assert visitor.complaints == []


def test_axe_finds_nothing_in_a_refusal(look: str, visitor: Visitor) -> None:
    page = visitor.open("/status/tickets/0/erase", **LOOKS[look])
    expect(page.get_by_role("heading", level=1)).to_have_text("Not Found")
    assert barriers(page) == []
    page = visitor.open(password="wrong", **LOOKS[look])
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in")
    assert barriers(page) == []


def test_fingers_can_hit_what_there_is_to_press(visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    one_of_each(product, sandbox)
    page = visitor.open(**LOOKS["phone"])
    for control in page.locator("button:visible, .button:visible, .choices a:visible, input:visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 40, control.text_content()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= LOOKS["phone"]["viewport"]["width"]


# -- It survives


def test_a_script_that_got_into_the_page_does_not_run(visitor: Visitor) -> None:
    page = visitor.open()
    page.evaluate(
        "const script = document.createElement('script'); script.textContent = 'window.ran = true';"
        "document.body.append(script)"
    )
    assert page.evaluate("window.ran") is None
    assert "Content Security Policy" in visitor.complaints[0]


def test_it_tells_when_it_is_out_of_date_and_recovers(visitor: Visitor, redis: Redis) -> None:
    page = visitor.open()
    trouble = page.locator("#trouble")
    expect(trouble).to_be_hidden()
    redis.client_pause(8000)
    expect(trouble).to_contain_text("Not up to date", timeout=SOON)
    expect(trouble).to_be_hidden(timeout=2 * SOON)
