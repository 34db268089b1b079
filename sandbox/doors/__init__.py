"""The doors besides Zendesk's, for a person at the sandbox: Intercom, a survey that is told in Slack, an asked summary.

doors = Doors(faults=sandbox.faults, callbacks_to=sandbox.zendesk.url)
sandbox.zendesk.app.register_blueprint(page.blueprint(doors))
doors.start()
doors.open(product_url)      # once the product answers: Intercom tries the address of its webhook
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from sandbox.doors.asking import Asker
from sandbox.faults import Faults
from sandbox.intercom import Intercom
from sandbox.server import Records
from sandbox.slack import Slack, Survey

SETTLE_SECONDS = 3
"""How long the product waits for a survey's comment here: nobody wants to watch for minutes."""


class Doors:
    """The stand-ins of Intercom and Slack, a survey tool, and a client that asks over HTTP."""

    def __init__(self, *, faults: Faults, callbacks_to: str) -> None:
        """Bind the ports; `callbacks_to` is where the page is that takes callbacks."""
        self.faults = faults
        self.said_of: Callable[[str], str | None] = lambda _case: None
        """What the product's log said last of a case."""
        self.asker = Asker(callbacks_to)
        self._token = secrets.token_urlsafe(24)
        self.survey = Survey("", self._token)
        self.intercom = Intercom(faults=faults)
        try:
            self.slack = Slack(faults=faults)
        except OSError:
            self.intercom.stop()
            raise
        self.slack.survey = self.survey
        self.intercom.inbox_page = f"{callbacks_to}/sandbox/doors"

    def environment(self) -> dict[str, str]:
        """Return the variables that open all of these doors."""
        survey = {"SURVEY_TOKEN": self._token, "SURVEY_SETTLE_SECONDS": str(SETTLE_SECONDS)}
        return self.intercom.environment() | self.slack.environment() | survey | self.asker.environment()

    def recorders(self) -> dict[str, Records]:
        """Return who keeps what it was asked, by its name."""
        return {"Intercom": self.intercom, "Slack": self.slack}

    def start(self) -> None:
        """Begin to answer."""
        self.intercom.start()
        self.slack.start()

    def aim(self, product_url: str) -> None:
        """Say where the product will be."""
        self.survey.product_url = self.asker.product_url = product_url

    def open(self, product_url: str) -> None:
        """Tell Intercom the address of the product, which answers by now."""
        self.intercom.subscribe(f"{product_url}/intercom/conversations")

    def stop(self) -> None:
        """Stop answering."""
        self.intercom.stop()
        self.slack.stop()
