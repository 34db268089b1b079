"""The sandbox's page of the other doors in a real browser: nothing touches, nothing is cut, a click does its work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from sandbox import Sandbox
from sandbox.doors import Doors
from sandbox.doors import page as doors_page
from tests.browser.test_sandbox_page import CROWDED, GAP, LONG, WIDTHS
from tests.browser.visitor import barriers, picture


@pytest.fixture
def doors() -> Iterator[Doors]:
    """The doors, without a product behind them."""
    sandbox = Sandbox()
    opened = Doors(faults=sandbox.faults, callbacks_to=sandbox.zendesk.url)
    sandbox.zendesk.app.register_blueprint(doors_page.blueprint(opened))
    opened.aim("http://127.0.0.1:9")
    opened.said_of = lambda case: f"2026-11-29T12:00:00.000000Z info step will be repeated case={case} why='{LONG}'"
    opened.start()
    with sandbox:
        yield opened
    opened.stop()


@pytest.fixture
def page(browser: Browser, doors: Doors) -> Iterator[Page]:
    """The page with something of everything, in long words."""
    number = doors.intercom.start_conversation(doors.intercom.add_contact(email=f"{LONG}@shop.example"), text=LONG)
    doors.intercom.reply(number, LONG)
    doors.slack.say(f"{LONG} <!here>", bot_id=doors.slack.bot_id)
    doors.asker.ask({"email": f"{LONG}@shop.example", "callback": "yes"})
    context = browser.new_context(base_url=f"http://{doors.asker.environment()['ASK_CALLBACK_HOSTS']}", has_touch=True)
    opened = context.new_page()
    opened.goto("/sandbox/doors")
    yield opened
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_touches_and_nothing_is_cut(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("slack-down", "intercom-silent"):
        page.locator(f'form:has(input[value="{name}"]) button').click()
    page.locator("section summary").first.click()
    page.locator("article summary").first.click()
    picture(page, f"sandbox-doors-{width}")
    assert page.evaluate(CROWDED, GAP) == []
    assert barriers(page) == []


def test_forms_are_sent_and_their_outcome_is_shown(page: Page) -> None:
    page.get_by_role("button", name="Ada Example").click()
    page.get_by_text("Ada Example <ada@shop.example>").wait_for()
    page.get_by_label("Score, 0 to 10").fill("2")
    page.locator("#survey").get_by_role("button", name="Send it").click()
    page.get_by_text("Answer 1: the product said None").wait_for()
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("The product answered no answer").first.wait_for()
