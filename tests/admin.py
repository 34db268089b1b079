"""An admin at the status page, and tickets for them to see."""

from __future__ import annotations

import base64
import re

import requests

from integration.cases.entry import State
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for
from tests.tickets import key

PASSWORD = "correct horse battery staple"


class Admin:
    """A person at the status page: a browser's session that logs in, and the token of its forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.auth = ("admin", PASSWORD)

    def get(self, path: str = "/") -> requests.Response:
        return self.session.get(self.url + path, timeout=10)

    def page(self, path: str = "/") -> str:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def token(self) -> str:
        field = re.search(r'name="csrf_token" value="([^"]+)"', self.page())
        assert field is not None
        return field[1]

    def post(self, path: str, *, follow: bool = True, **form: str) -> requests.Response:
        form = {"csrf_token": self.token(), **form}
        return self.session.post(self.url + path, data=form, timeout=20, allow_redirects=follow)


def file_one(product: InProcess, sandbox: Sandbox) -> int:
    """A ticket that has just arrived."""
    ticket_id = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    wait_for(lambda: product.ledger.reader.find(key(ticket_id)))
    return ticket_id


def fail_one(product: InProcess, sandbox: Sandbox) -> int:
    """A ticket that has failed, because LogRocket refuses its request."""
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=400, times=2))
    ticket_id = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    product.work_until(ticket_id, State.FAILED)
    return ticket_id


def ask(product: InProcess, path: str = "/", *, user: str = "admin", password: str) -> requests.Response:
    credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
    url = product.settings.public_url + path
    return requests.get(url, headers={"Authorization": f"Basic {credentials}"}, timeout=10)
