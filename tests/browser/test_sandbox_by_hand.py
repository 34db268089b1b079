"""The whole sandbox in a real browser: what a person makes by hand behind each door is watched to its note."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from sandbox.runner import Stage
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with Stage(ROOT, quiet=True, note_seconds=90) as running:
        yield running


@pytest.fixture
def page(browser: Browser, stage: Stage) -> Iterator[Page]:
    context = browser.new_context(base_url=stage.sandbox.zendesk.url)
    context.set_default_timeout(90_000)
    opened = context.new_page()
    opened.goto("/sandbox/doors")
    yield opened
    context.close()


def switch(page: Page, trouble: str) -> None:
    """Switch it on, or off again."""
    page.locator(f'form:has(input[value="{trouble}"]) button').click()


def test_a_ticket_gets_its_note(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Ada Example").click()
    page.locator("article .comment.internal").first.wait_for()


def test_a_conversation_gets_its_note_and_the_products_page_leads_to_it(page: Page, stage: Stage) -> None:
    switch(page, "intercom-lost")
    page.get_by_role("button", name="Ada Example").click()
    page.locator("#conversations article .internal").first.wait_for()
    switch(page, "intercom-lost")
    [number] = stage.doors.intercom.conversations
    page.goto(f"{stage.doors.intercom.url}/a/inbox/_/inbox/conversation/{number}")
    page.get_by_role("heading", name=number).wait_for()


def test_a_low_score_is_told_in_slack(page: Page, stage: Stage) -> None:
    switch(page, "slack-busy")
    page.locator("#survey").get_by_role("button", name="Send it").click()
    page.locator('[data-live="survey"]').get_by_text("come again later").wait_for()
    switch(page, "slack-busy")
    page.locator('[data-live="messages"]').get_by_text("Score: 3 of 10").wait_for()
    assert len(stage.doors.slack.own_messages()) == 1


def test_an_asked_summary_is_ready_called_back_and_in_slack(page: Page, stage: Stage) -> None:
    switch(page, "ask-callback")
    page.get_by_label("Reference").fill("deal 7")
    page.get_by_label("When it is there").select_option("yes")
    page.get_by_label("In Slack, too").select_option("yes")
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_text("Called back: highlights.ready, answered with 503").first.wait_for()
    switch(page, "ask-callback")
    page.get_by_text("Called back: highlights.ready, answered with 204").wait_for()
    page.locator('[data-live="messages"]').get_by_text("Reference: deal 7").wait_for()
    assert "Slack was asked:\n  POST /api/chat.postMessage -> " in stage.logs()
