"""The sandbox's page in a real browser, above all on a phone: nothing touches, nothing is cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page

from sandbox import Sandbox
from sandbox.customers import CUSTOMERS
from sandbox.zendesk import Product
from tests.browser.visitor import barriers, picture

WIDTHS = (320, 390, 600, 1280)
LONG = "unbreakable" * 12
GAP = 4
CROWDED = """
(gap) => {
  const shown = (node) => node.checkVisibility() && node.getClientRects().length;
  const boxed = "button, input, textarea, summary, h1, h2, h3, article, .columns > section, .choices li, " +
    ".choices span, .comment, .status, .facts, .steps li, header p, label, pre, blockquote";
  const framed = "button, input, textarea, article, section, .comment";
  const nodes = [...document.querySelectorAll(boxed)].filter(shown);
  const name = (node) => `${node.tagName.toLowerCase()}.${node.className} "${node.textContent.trim().slice(0, 40)}"`;
  const lines = (node) => [...node.getClientRects()];
  const problems = [];
  if (document.documentElement.scrollWidth > innerWidth)
    problems.push(`scrolls sideways: ${document.documentElement.scrollWidth} > ${innerWidth}`);
  for (const node of document.body.querySelectorAll("*")) {
    if (!shown(node)) continue;
    const box = node.getBoundingClientRect();
    if (box.left < 0 || box.right > innerWidth + 0.5) problems.push(`leaves the window: ${name(node)}`);
    if (getComputedStyle(node).display !== "inline" && node.scrollWidth > node.clientWidth + 1 && node.clientWidth)
      problems.push(`is wider than its place: ${name(node)}`);
    const range = document.createRange();
    for (const text of node.childNodes) {
      if (text.nodeType !== Node.TEXT_NODE || !text.data.trim()) continue;
      range.selectNodeContents(text);
      for (const part of range.getClientRects())
        if (part.right > innerWidth + 0.5 || part.right > box.right + 1) problems.push(`is cut: ${name(node)}`);
    }
  }
  for (const one of nodes) for (const other of nodes) {
    if (one === other || one.contains(other) || other.contains(one)) continue;
    if (!(one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING)) continue;
    for (const a of lines(one)) for (const b of lines(other)) {
      const across = Math.max(a.left, b.left) - Math.min(a.right, b.right);
      const down = Math.max(a.top, b.top) - Math.min(a.bottom, b.bottom);
      const least = [one, other].some((node) => node.matches(framed)) ? gap : 0;
      if (across < least && down < least) problems.push(`touch: ${name(one)} and ${name(other)} (${across}, ${down})`);
    }
  }
  return [...new Set(problems)];
}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        said = f"2026-11-29T12:00:00.000000Z info step will be repeated ticket_id=1 attempt=2 ms=41 why='{LONG}'"
        running.zendesk.product = Product("http://127.0.0.1:8000", "correct-horse-battery", said_of=lambda _: said)
        yield running


def note(sandbox: Sandbox, number: int, html: str) -> None:
    zendesk = sandbox.zendesk
    wish = {"grant_type": "client_credentials", "client_id": zendesk.client_id, "client_secret": zendesk.client_secret}
    token = requests.post(f"{zendesk.url}/oauth/tokens", json=wish | {"scope": "write"}, timeout=5).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    change = {"ticket": {"comment": {"html_body": html, "public": False}}}
    assert requests.put(f"{zendesk.url}/api/v2/tickets/{number}", json=change, headers=headers, timeout=5).ok


@pytest.fixture
def page(browser: Browser, sandbox: Sandbox) -> Iterator[Page]:
    """The page with a ticket of each customer, one of long words, with a note, and all that goes wrong."""
    for customer in CUSTOMERS.values():
        sandbox.zendesk.file_ticket(
            requester=customer.email,
            name=customer.name,
            external_id=customer.external_id,
            subject=customer.subject,
            description=customer.description,
        )
    number = sandbox.zendesk.file_ticket(
        requester=f"{LONG}@shop.example", name=LONG, subject=f"{LONG} {LONG}", description=f"{LONG}\n\n" * 2
    )
    html = (
        f'<p>She <a href="https://app.logrocket.com/{LONG}">paid {LONG}</a></p><ul><li>{LONG}</li></ul>'
        f"<pre>{LONG} {LONG}</pre><p><code>{LONG}</code></p><blockquote>{LONG}</blockquote>"
    )
    note(sandbox, number, html)
    context = browser.new_context(base_url=sandbox.zendesk.url, has_touch=True)
    opened = context.new_page()
    opened.goto("/")
    yield opened
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_touches_and_nothing_is_cut(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("down", "silent"):
        page.locator(f'form:has(input[value="{name}"]) button').click()
    page.locator("section summary").first.click()
    page.locator("article summary").first.click()
    picture(page, f"sandbox-{width}")
    assert page.evaluate(CROWDED, GAP) == []
    assert barriers(page) == []
