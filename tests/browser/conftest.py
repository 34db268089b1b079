"""A real Chromium, driven by Playwright, at the real page. A browser that is missing is a failure here, not a skip.

CHROMIUM names another executable than Debian's; SCREENSHOTS a folder that pictures of the pages are left in,
of the whole page with SCREENSHOTS_WHOLE.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.admin import PASSWORD
from tests.browser.visitor import Visitor
from tests.conftest import InProcess

_ARGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=_ARGS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "ADMIN_PASSWORD": PASSWORD}


@pytest.fixture
def visitor(browser: Browser, product: InProcess) -> Iterator[Visitor]:
    product.show_that_it_works()
    made = Visitor(browser, product)
    yield made
    made.close()
