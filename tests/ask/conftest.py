"""The product with requests over HTTP, a client of theirs, and a server that takes callbacks."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self, cast

import jsonschema
import pytest
import requests

from integration.ask import openapi
from integration.ask.place import Answers
from integration.cases.entry import FINAL, Entry
from integration.facts import CaseKey
from integration.settings import Settings
from tests.conftest import InProcess, wait_for

TOKEN: Final = "token-of-the-crm-0123456789"
OTHER_TOKEN: Final = "token-of-zapier-9876543210"
SECRET: Final = "whsec_" + base64.b64encode(b"thirty-two bytes of a secret, yes").decode()
ADA: Final = {"email": "ada@shop.example"}


def fits(answer: Any, schema: str) -> None:  # noqa: ANN401 -- JSON
    """The answer is as the document says; `Error`, `Accepted`, `Highlights`, `Event`."""
    document = {**openapi.document("https://highlights.example"), "$ref": f"#/components/schemas/{schema}"}
    jsonschema.Draft202012Validator(document, format_checker=jsonschema.FormatChecker()).validate(answer)


class Client:
    """Somebody with a token; every answer is held against the document."""

    def __init__(self, url: str, token: str | None = TOKEN) -> None:
        self.url = url
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}

    def ask(
        self, body: object = ADA, *, key: str | None = None, headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        own = {} if key is None else {"Idempotency-Key": key}
        sent = {**self._headers, **own, **(headers or {})}
        answer = requests.post(f"{self.url}/v1/highlights", data=raw, headers=sent, timeout=10)
        self._check(answer, "post", "/v1/highlights", "Accepted")
        return answer

    def look(self, case_id: str) -> requests.Response:
        answer = requests.get(f"{self.url}/v1/highlights/{case_id}", headers=self._headers, timeout=10)
        self._check(answer, "get", "/v1/highlights/{id}", "Highlights")
        return answer

    def _check(self, answer: requests.Response, method: str, path: str, schema: str) -> None:
        described = openapi.document(self.url)["paths"][path][method]["responses"]
        assert str(answer.status_code) in described
        assert answer.headers["Content-Type"] == "application/json"
        fits(answer.json(), schema if answer.ok else "Error")
        for name in described[str(answer.status_code)].get("headers", {}):
            assert name in answer.headers


class Hook:
    """Takes callbacks; `answers` are the statuses of the next ones, 204 after them."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.taken: list[tuple[Mapping[str, str], bytes]] = []
        self.answers: list[int] = []
        self._server = ThreadingHTTPServer((address, 0), lambda *arguments: _Handler(self, *arguments))
        self.port = self._server.server_address[1]
        self.url = f"http://localhost:{self.port}/hook?run=7"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, hook: Hook, *arguments: Any) -> None:  # noqa: ANN401 -- the server's own
        self._hook = hook
        super().__init__(*arguments)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._hook.taken.append((dict(self.headers), body))
        status = self._hook.answers.pop(0) if self._hook.answers else 204
        if status == 0:  # the answer is lost
            self.close_connection = True
            return
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", self._hook.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output to the test."""


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as running:
        yield running


@pytest.fixture
def environ(environ: dict[str, str], hook: Hook) -> dict[str, str]:
    own = {
        "ASK_TOKENS": f"crm:{TOKEN}, zapier:{OTHER_TOKEN}",
        "ASK_CALLBACK_SECRET": SECRET,
        "ASK_CALLBACK_HOSTS": f"hooks.example, localhost:{hook.port}",
    }
    return {**environ, **own}


class Asking(InProcess):
    """The product in this process, by the ids of requests."""

    @property
    def place(self) -> Answers:
        return cast("Answers", self.jobs.places["ask"])

    def case(self, case_id: str) -> Entry | None:
        return self.ledger.reader.find(CaseKey(f"ask-{case_id}"))

    def work_on(self, case_id: str) -> Entry:
        """Work until a request is at its end."""

        def ended() -> Entry | None:
            self.work()
            entry = self.case(case_id)
            return entry if entry is not None and entry.state in FINAL else None

        return wait_for(ended)


@pytest.fixture
def product(settings: Settings, port: int) -> Iterator[Asking]:
    with Asking(settings, port) as running:
        yield running
        running.place.close()


@pytest.fixture
def client(product: Asking) -> Client:
    return Client(product.settings.public_url)
