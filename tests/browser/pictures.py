"""`python -m tests.browser.pictures`: take the pictures of the docs anew, of a sandbox of its own (two minutes).

`python -m tests.browser.pictures elsewhere` takes those of the doors besides Zendesk's alone.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import Browser, Page, sync_playwright
from redis import Redis

from integration.cases.entry import State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from sandbox.customers import CUSTOMERS
from sandbox.runner import Stage
from tests.conftest import ROOT, wait_for
from tests.tickets import key

DOCS: Final = ROOT / "docs"
_FILED: Final = ("dan", "fay", "hal")
_HOUR, _WEEK = 3600.0, 7 * 86400.0

WITHOUT: Final = """
<aside>
  <h4>Without this note</h4>
  <p>an agent who wants to know what Ada saw has to</p>
  <ol>
    <li>copy her address, open LogRocket, search for her</li>
    <li>find out which of her sessions came before this ticket, and how long before</li>
    <li>watch both replays, 20 minutes each</li>
    <li>notice the request that failed, and where she clicked in rage</li>
    <li>write that down for colleagues, with links to the moments</li>
  </ol>
  <p>and needs a seat in LogRocket; or asks Ada to describe it once more.</p>
</aside>
"""
STYLE: Final = """
aside { align-self: start; margin-top: .6rem; padding: .8rem 1rem; border: 1px dashed var(--quiet);
  border-radius: .4rem; color: var(--quiet); font-size: .95rem; }
aside h4 { margin: 0; color: var(--ink); font-size: 1rem; }
aside p { margin: .2rem 0; }
aside ol { margin: .4rem 0; padding-left: 1.3rem; }
aside li { margin: .3rem 0; }
"""


REQUEST: Final = """
<pre class="comment">curl "$URL/v1/highlights" -H "Authorization: Bearer $TOKEN" \\
  -d '{"email": "ada@shop.example", "reference": "deal 7"}'</pre>
"""
_ELSEWHERE: Final = "elsewhere"
_WIDTH, _HEIGHT, _SCALE = 430, 540, 1.5  # of each of these pictures: they stand side by side
_TIDY: Final = f"""
article {{ width: {_WIDTH}px; height: {_HEIGHT}px; overflow: hidden; }}
article details, article .facts, article > p.facts {{ display: none; }}
article .comment .facts {{ display: block; }}
article .comment {{ font-size: .92rem; }}
article .comment pre {{ margin: 0; font: inherit; }}
pre.comment {{ white-space: pre-wrap; }}
"""


def main() -> None:
    """Take all of them, or those alone that are asked for."""
    with Stage(ROOT, quiet=True, note_seconds=60) as stage, chromium() as browser:
        take_elsewhere(stage, browser)
        if sys.argv[1:] == [_ELSEWHERE]:
            return
        zendesk = stage.sandbox.zendesk
        ticket_id = zendesk.file_ticket(**CUSTOMERS["ada"].ticket())
        stage.wait_for_note(ticket_id)
        page = browser.new_page(viewport={"width": 1040, "height": 1000}, bypass_csp=True)
        page.goto(f"{zendesk.url}/")
        take_note(page, ticket_id)
        for name in _FILED:
            last = zendesk.file_ticket(**CUSTOMERS[name].ticket())
        stage.wait_for_note(last)
        take_sandbox(browser.new_page(), f"{zendesk.url}/")
        take_status(browser, stage)


def take_elsewhere(stage: Stage, browser: Browser) -> None:
    """A conversation with its note, a low score in Slack, and a summary that was asked for."""
    page = browser.new_page(viewport={"width": 900, "height": 1600}, bypass_csp=True, device_scale_factor=_SCALE)
    page.goto(f"{stage.sandbox.zendesk.url}/sandbox/doors")
    page.get_by_role("button", name=CUSTOMERS["ada"].name).click()
    page.locator("#survey").get_by_role("button", name="Send it").click()
    page.get_by_label("Reference").fill("deal 7")
    page.get_by_role("button", name="Ask", exact=True).click()
    articles = {
        "intercom": page.locator("#conversations article:has(.internal)").first,
        "slack": page.locator('[data-live="messages"] article').first,
        "ask": page.locator("#summaries article:has(.comment)").first,
    }
    for article in articles.values():
        article.wait_for(timeout=60_000)
    page.route("**/page.js", lambda route: route.abort())  # which would put in again what is changed here
    page.reload()
    page.add_style_tag(content=_TIDY)
    articles["ask"].locator("h3").evaluate("(heading, html) => heading.insertAdjacentHTML('afterend', html)", REQUEST)
    for name, article in articles.items():
        article.screenshot(path=DOCS / f"{name}.png")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, Debian's or another."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox"])
        yield browser
        browser.close()


def take_note(page: Page, ticket_id: int) -> None:
    """Ada's ticket with its note, beside what an agent would have to do without it."""
    ticket = page.get_by_role("article").filter(has_text=f"#{ticket_id}")
    page.add_style_tag(content=STYLE)
    ticket.locator(".steps").evaluate("(steps, html) => { steps.outerHTML = html }", WITHOUT)
    ticket.screenshot(path=DOCS / "note.png")


def take_sandbox(page: Page, url: str) -> None:
    """The sandbox's page, down to the newest ticket."""
    page.set_viewport_size({"width": 1100, "height": 1400})
    page.goto(url)
    end = page.get_by_role("article").first.evaluate("ticket => ticket.getBoundingClientRect().bottom + scrollY")
    page.set_viewport_size({"width": 1100, "height": round(end) + 16})
    page.screenshot(path=DOCS / "sandbox.png")


def take_status(browser: Browser, stage: Stage) -> None:
    """The status page of a service that has been at work for a week."""
    with Redis.from_url(stage.shown.variables["REDIS_URL"]) as redis:
        failed = Keys(DEFAULT_PREFIX).state(State.FAILED)
        wait_for(lambda: redis.zcard(failed), seconds=90)  # LogRocket has failed Dan for the last time
        work_for_a_week(redis)
    page = browser.new_page(
        viewport={"width": 1280, "height": 1160},
        http_credentials={"username": "admin", "password": stage.admin_password},
    )
    page.goto(stage.product_url)
    page.screenshot(path=DOCS / "status.png")


def work_for_a_week(redis: Redis) -> None:
    """Write the times of tickets that came and ended before, as the ledger would have."""
    keys, chance, now = Keys(DEFAULT_PREFIX), random.Random(12), time.time()
    ends = ["posted"] * 88 + ["empty"] * 10 + ["skipped"] * 2
    with redis.pipeline() as pipe:
        for number in range(800):
            came = now - chance.triangular(_HOUR / 6, _WEEK, _HOUR)
            took = chance.triangular(50, 200, 80)
            case = key(34000 + number)
            pipe.zadd(keys.received, {case: came})
            pipe.zadd(f"{keys.prefix}:state:{chance.choice(ends)}", {case: came + took})
        pipe.execute()


if __name__ == "__main__":
    main()
