"""Stand-ins for Zendesk and LogRocket: the outside world on this machine, over real HTTP.

    with Sandbox() as sandbox:
        sandbox.zendesk.install_webhook("http://127.0.0.1:8000/zendesk/tickets")
        number = sandbox.zendesk.file_ticket(requester="ada@shop.example")

Both services answer as the real ones do, refuse as they do, and fail when a test or a person wants it.
Nothing leaves the machine: the servers listen on 127.0.0.1 and call only loopback addresses.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from sandbox import control, customers, page
from sandbox.faults import Fault, Faults, MalformedFault
from sandbox.logrocket import Callback, LogRocket
from sandbox.server import Recorded, Records
from sandbox.zendesk import Attempt, Comment, Delivery, Ticket, Zendesk
from sandbox.zendesk.ticket_faults import ticket_fault

__all__ = [
    "Attempt",
    "Callback",
    "Comment",
    "Delivery",
    "Fault",
    "Faults",
    "LogRocket",
    "MalformedFault",
    "Recorded",
    "Sandbox",
    "Ticket",
    "Zendesk",
    "ticket_fault",
]


class Sandbox:
    """Both services and the faults that they share."""

    def __init__(self, *, zendesk_port: int = 0, logrocket_port: int = 0) -> None:
        """Bind the ports (0: any free ones); nothing is answered before `start`."""
        self.faults = Faults()
        self.zendesk = Zendesk(faults=self.faults, port=zendesk_port)
        try:
            self.logrocket = LogRocket(faults=self.faults, port=logrocket_port)
        except OSError:
            self.zendesk.stop()
            raise
        customers.introduce(self.logrocket)
        self.recorders: dict[str, Records] = {"Zendesk": self.zendesk, "LogRocket": self.logrocket}
        """Who keeps what it was asked, by its name; the runner adds those behind the other doors."""
        routes = control.blueprint(self.zendesk, self.logrocket, self.faults, recorders=self.recorders)
        self.zendesk.app.register_blueprint(routes)
        self.zendesk.app.register_blueprint(page.blueprint(self.zendesk, self.logrocket, self.faults))

    def environment(self) -> dict[str, str]:
        """Return the variables that point the integration at the two services."""
        return {
            "ZENDESK_URL": self.zendesk.url,
            "ZENDESK_SUBDOMAIN": self.zendesk.subdomain,
            "ZENDESK_CLIENT_ID": self.zendesk.client_id,
            "ZENDESK_CLIENT_SECRET": self.zendesk.client_secret,
            "LOGROCKET_API_URL": self.logrocket.url,
            "LOGROCKET_APP_ID": self.logrocket.app_id,
            "LOGROCKET_API_KEY": self.logrocket.api_key,
            "LOGROCKET_APP_URL": self.logrocket.app_url,
        }

    def start(self) -> None:
        """Begin to answer."""
        self.zendesk.start()
        self.logrocket.start()

    def stop(self) -> None:
        """Stop both services at the same time: one may be waiting for the other."""
        beside = threading.Thread(target=self.logrocket.stop)
        beside.start()
        self.zendesk.stop()
        beside.join()

    def __enter__(self) -> Self:
        """Start both services."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop both services."""
        self.stop()
