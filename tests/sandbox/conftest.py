"""What the tests of the stand-ins stand on: a sandbox, callers with and without rights, an address to be called."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest
import requests

from sandbox import Faults, Sandbox
from sandbox.server import LoopbackServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        running.zendesk.desk.deliverer.retry_pace = 0.01
        running.logrocket.delay = 0.02
        yield running


@pytest.fixture
def token(sandbox: Sandbox) -> Callable[..., str]:
    """Gets a token with the scopes that are asked for."""

    def get(scope: str = "read write") -> str:
        wish = {
            "grant_type": "client_credentials",
            "client_id": sandbox.zendesk.client_id,
            "client_secret": sandbox.zendesk.client_secret,
            "scope": scope,
        }
        answer = requests.post(f"{sandbox.zendesk.url}/oauth/tokens", json=wish, timeout=5)
        assert answer.ok, answer.text
        return str(answer.json()["access_token"])

    return get


@pytest.fixture
def api(sandbox: Sandbox, token: Callable[..., str]) -> Callable[..., requests.Response]:
    """Calls Zendesk's API; with `scope=` as somebody who may do only that, with `bearer=` with that token."""

    def call(
        method: str,
        path: str,
        *,
        scope: str = "read write",
        bearer: str = "",
        json: object = None,
        data: bytes | None = None,
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {bearer or token(scope)}"}
        return requests.request(
            method, f"{sandbox.zendesk.url}/api/v2/{path}", headers=headers, timeout=5, json=json, data=data
        )

    return call


@pytest.fixture
def ask(sandbox: Sandbox) -> Callable[..., requests.Response]:
    """Requests highlights; `key=` replaces the whole Authorization header, None sends none."""

    def call(wish: object, *, key: str | None = "", app: str = "acme/shop", slash: str = "/") -> requests.Response:
        header = f"token {sandbox.logrocket.api_key}" if key == "" else key
        headers = {} if header is None else {"Authorization": header}
        org, project = app.split("/")
        url = f"{sandbox.logrocket.url}/v1/orgs/{org}/apps/{project}/highlights{slash}"
        return requests.post(url, json=wish, headers=headers, timeout=5)

    return call


@pytest.fixture
def target_faults() -> Faults:
    """What goes wrong at the target: its service is called zendesk, too."""
    return Faults()


@pytest.fixture
def target(target_faults: Faults) -> Iterator[LoopbackServer]:
    """An address that takes everything with 202 and records it."""

    def accept(_environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("202 Accepted", [("Content-Type", "text/plain")])
        return [b"taken"]

    server = LoopbackServer("zendesk", accept, faults=target_faults)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def until() -> Callable[..., None]:
    """Waits until something holds; the test fails when it never does."""

    def wait(condition: Callable[[], object], *, seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                pytest.fail(f"it did not happen within {seconds} s")
            time.sleep(0.005)

    return wait
