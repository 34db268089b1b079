"""A person with a real browser, and what keeps people out of a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, HttpCredentials, Page

from tests.admin import PASSWORD
from tests.conftest import InProcess

LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True},
    "small phone": {"viewport": {"width": 320, "height": 640}, "device_scale_factor": 2, "has_touch": True},
}
_AXE = Axe()


class Visitor:
    """A person with a browser; what the browser complains of is collected."""

    def __init__(self, browser: Browser, product: InProcess) -> None:
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.url = product.settings.public_url
        self.complaints: list[str] = []

    def open(self, path: str = "/", *, password: str = PASSWORD, **look: Any) -> Page:  # noqa: ANN401 -- Playwright's options
        """A page in a browser of its own."""
        credentials: HttpCredentials = {"username": "admin", "password": password}
        context = self._browser.new_context(base_url=self.url, http_credentials=credentials, **look)
        self._contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path)
        return page

    def close(self) -> None:
        for context in self._contexts:
            context.close()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)


def barriers(page: Page) -> list[str]:
    """What axe finds that keeps people out: WCAG 2.2 AA and its best practices, from `minor` up."""
    page.wait_for_load_state("load")  # its style, too
    violations = _AXE.run(page).response["violations"]
    return [
        f"{violation['impact']}: {violation['help']} ({[node['html'][:120] for node in violation['nodes']]})"
        for violation in violations
    ]


def picture(page: Page, name: str) -> None:
    """Leave a picture of what is seen, when somebody wants one."""
    if "SCREENSHOTS" in os.environ:
        place = Path(os.environ["SCREENSHOTS"]) / f"{name}.png"
        page.screenshot(path=place, full_page="SCREENSHOTS_WHOLE" in os.environ)


def fits(page: Page) -> bool:
    """Whether nothing sticks out at the side."""
    width: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return width <= 0
