"""What is wrong, and what to do, as an admin sees it: nothing touches, nothing is cut, on a phone too."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect
from redis import Redis

from integration.cases.deliveries import REASONS
from integration.cases.entry import State
from sandbox import Sandbox
from tests.admin import fail_one, file_one
from tests.browser.visitor import LOOKS, Visitor, barriers, fits, picture
from tests.conftest import InProcess, wait_for
from tests.deliver import TICKET, signed

SHOWN = {
    **LOOKS,
    "dark phone": {**LOOKS["phone"], "color_scheme": "dark"},
}
_CUT = """
() => [...document.querySelectorAll("body *")].filter((element) => {
  if (element.closest(".quiet, .skip, .wide") || !element.checkVisibility()) return false;
  const box = element.getBoundingClientRect();
  if (!box.width) return false;
  const outside = box.left < -0.5 || box.right > window.innerWidth + 0.5;
  const inside = getComputedStyle(element).overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
  return outside || inside;
}).map((element) => `${element.tagName}#${element.id}.${element.className}: ${element.textContent.trim().slice(0, 60)}`)
"""
_BROKEN = """
() => [...document.querySelectorAll("#flow-hour th")].filter((cell) => {
  const words = cell.textContent.trim().split(/\\s+/), range = document.createRange(), text = cell.firstChild;
  let at = 0;
  return words.some((word) => {
    at = text.data.indexOf(word, at);
    range.setStart(text, at); range.setEnd(text, at + word.length);
    return range.getClientRects().length > 1;
  });
}).map((cell) => cell.textContent)
"""
_TOUCHING = """
() => {
  const told = [...document.querySelectorAll(
    ".card, .troubles li, .tasks li, .public, .summary, .message, button, .button, code, .ticket, .state")]
    .filter((element) => element.checkVisibility() && !element.closest(".quiet, .skip"));
  const pairs = [];
  for (const [index, one] of told.entries()) for (const other of told.slice(index + 1)) {
    if (one.contains(other) || other.contains(one)) continue;
    const a = one.getBoundingClientRect(), b = other.getBoundingClientRect();
    const beside = a.right <= b.left + 0.5 || b.right <= a.left + 0.5;
    const below = a.bottom <= b.top + 0.5 || b.bottom <= a.top + 0.5;
    if (!beside && !below) pairs.push(`${one.id || one.className} / ${other.id || other.className}`);
  }
  return pairs;
}
"""


def assert_readable(page: Page) -> None:
    assert fits(page)
    assert page.evaluate(_CUT) == []
    assert page.evaluate(_TOUCHING) == []
    assert barriers(page) == []


@pytest.fixture(params=SHOWN)
def look(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def nothing_is_set_up(product: InProcess, redis: Redis) -> None:
    """No worker was ever heard of, and the secret is another one."""
    redis.delete(product.settings.keys.beats)
    url = f"{product.settings.public_url}/zendesk/tickets"
    for _ in range(3):
        requests.post(url, data=TICKET, headers=signed(TICKET, "another" * 6), timeout=5)
    requests.post(url, data=b"x", timeout=5)
    wait_for(lambda: redis.zcard(product.settings.keys.refused) == 2)


def services_fail(product: InProcess, redis: Redis, sandbox: Sandbox) -> None:
    """LogRocket is down, Zendesk refuses our credentials, tickets wait and have failed, the ceiling is reached."""
    fail_one(product, sandbox)
    file_one(product, sandbox)
    keys = product.settings.keys
    product.ledger.lanes.hold("Zendesk", "Zendesk refuses our credentials (401)")
    for _ in range(4):
        product.ledger.lanes.failed("LogRocket", "LogRocket has trouble (503)")
    redis.hincrbyfloat(keys.lane("LogRocket"), "failing_since", -900)
    now = product.ledger.reader.now()
    redis.zadd(keys.asked, {f"request-{number}": now for number in range(1000)})


def much_is_refused(product: InProcess, redis: Redis, sandbox: Sandbox) -> None:
    """Everything that can be on the page at once, with long texts."""
    services_fail(product, redis, sandbox)
    redis.set(product.settings.keys.recovery_trouble, f"Zendesk does not let us {'read ' * 40}".strip())
    deliveries = product.app.extensions["deliveries"]
    for reason in REASONS:
        deliveries.refused("zendesk", reason, 401)
    wait_for(lambda: redis.zcard(product.settings.keys.refused) == len(REASONS))


def a_suspicion(product: InProcess) -> None:
    """A lane that is under suspicion, and stays open."""
    reason = "Zendesk refuses one ticket after another (403), although it accepts our credentials"
    product.ledger.lanes.hold("Zendesk", reason, longest=0.0)


STATES: Mapping[str, Callable[..., None]] = {
    "new": nothing_is_set_up,
    "services": services_fail,
    "much": much_is_refused,
    "suspicion": a_suspicion,
}


@pytest.mark.parametrize("state", STATES)
def test_what_is_wrong_can_be_read(
    state: str, look: str, visitor: Visitor, *, product: InProcess, redis: Redis, sandbox: Sandbox
) -> None:
    made: dict[str, Any] = {"product": product, "redis": redis, "sandbox": sandbox}
    make = STATES[state]
    make(**{name: made[name] for name in make.__annotations__ if name in made})
    page = visitor.open(**SHOWN[look])
    expect(page.locator("#troubles h2")).to_have_text("What is wrong, and what to do")
    expect(page.locator("#summary")).not_to_contain_text("All is well.")
    assert_readable(page)
    picture(page, f"{state}-{look}")
    assert visitor.complaints == []


def test_when_all_is_well_nothing_else_is_said(
    look: str, visitor: Visitor, *, product: InProcess, sandbox: Sandbox
) -> None:
    product.work_until(file_one(product, sandbox), State.POSTED)
    page = visitor.open(**SHOWN[look])
    expect(page.locator("#summary")).to_have_text("No ticket waits. All is well.")
    expect(page.locator("#troubles, #tasks")).to_have_text(["", ""])
    page.locator("#flow-hour-summary").click()
    assert page.evaluate(_BROKEN) == []
    assert_readable(page)
    picture(page, f"well-{look}")


def test_the_checklist_follows_what_was_done(visitor: Visitor, product: InProcess, sandbox: Sandbox) -> None:
    page = visitor.open(**SHOWN["phone"])
    expect(page.locator("#tasks li.done")).to_have_count(2)  # secret and worker
    ticket_id = file_one(product, sandbox)
    expect(page.locator("#task-webhook")).to_have_class("done", timeout=15_000)
    expect(page.locator("#task-ticket")).to_contain_text("The first ticket came", timeout=15_000)
    assert_readable(page)
    product.work_until(ticket_id, State.POSTED)
    expect(page.locator("#tasks")).to_have_text("", timeout=15_000)


def test_the_checks_are_run_and_read(
    look: str, visitor: Visitor, *, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [variable for variable in os.environ if variable.startswith(("ZENDESK", "LOGROCKET", "REDIS"))]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    page = visitor.open(**SHOWN[look])
    page.get_by_role("button", name="Run the checks").click()
    expect(page.locator("#message")).to_contain_text("The checks run.")
    expect(page.locator("#check")).to_contain_text(re.compile(r"\d+ checks, "), timeout=90_000)
    expect(page.get_by_role("button", name="Run the checks")).to_be_visible()
    expect(page.locator("#check")).to_contain_text("Redis persistence (warning)")
    assert_readable(page)
    picture(page, f"checked-{look}")
