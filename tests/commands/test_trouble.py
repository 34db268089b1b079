"""Zendesk away, refusing or hidden behind something else: every command says the same of it, and what to do."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from sandbox import Fault, Sandbox
from tests.conftest import ROOT
from tests.ports import free_port
from tests.tcp_proxy import TcpProxy

pytestmark = pytest.mark.slow

PAGE = "<!DOCTYPE html><title>Blocked</title><p>Ask your administrator: secret-of-the-proxy"
STATES = {
    "refused connection": ("cannot be reached: nothing listens there (connection refused)", "ZENDESK_SUBDOMAIN"),
    "unknown name": ("cannot be reached: its name is not known (DNS)", "ZENDESK_SUBDOMAIN"),
    "no answer": ("did not answer: it took too long (timeout)", "may this machine reach"),
    "broken off": ("did not answer: the connection was broken off", "may this machine reach"),
    "no TLS": ("cannot be reached: no encrypted connection could be made (TLS)", "may this machine reach"),
    "untrusted certificate": ("cannot be reached: its certificate is not valid (TLS)", "may this machine reach"),
    "another subdomain": ("no help desk at this address (404)", "Compare ZENDESK_SUBDOMAIN"),
    "trouble": ("Zendesk has trouble (503)", "https://status.zendesk.com"),
    "a redirect": ("a redirect (302)", "ZENDESK_SUBDOMAIN"),
    "a page with 200": ("", "Does a proxy, or a log-in page, answer in Zendesk's place?"),
    "a page with 403": ("a page came instead of Zendesk's answer (403)", "Does a proxy"),
    "a page with 407": ("a page came instead of Zendesk's answer (407)", "Does a proxy"),
    "a page with 502": ("Zendesk has trouble (502)", "https://status.zendesk.com"),
    "wrong secret": ("refuses the OAuth client", "ZENDESK_CLIENT_SECRET"),
    "wrong token": ("credentials", "ZENDESK_API_TOKEN"),
}
"""What is said of each, and what is to be looked at."""


@pytest.fixture(params=STATES)
def trouble(request: pytest.FixtureRequest, sandbox: Sandbox) -> Iterator[tuple[str, dict[str, str]]]:
    """One of the states, and the variables in which it differs."""
    name: str = request.param
    with contextlib.ExitStack() as stack:
        yield name, _changes(name, sandbox, stack)


FAULTS = {
    "no answer": {"delay": 14.0},
    "broken off": {"drop": "before"},
    "trouble": {"status": 503},
    "a redirect": {"status": 302, "headers": {"Location": "https://elsewhere.example"}},
    "a page with 200": {"status": 200, "body": PAGE},
    "a page with 403": {"status": 403, "body": PAGE},
    "a page with 407": {"status": 407, "body": PAGE},
    "a page with 502": {"status": 502, "body": PAGE},
}


def _changes(name: str, sandbox: Sandbox, stack: contextlib.ExitStack) -> dict[str, str]:
    if name in FAULTS:
        sandbox.faults.add(Fault(service="zendesk", times=None, **FAULTS[name]))  # type: ignore[arg-type]  # its fields
        return {}
    sandbox.zendesk.desk.renamed = name == "another subdomain"
    others = {
        "refused connection": {"ZENDESK_URL": f"http://127.0.0.1:{free_port()}"},
        "unknown name": {"ZENDESK_URL": "https://nobody.invalid"},
        "no TLS": {"ZENDESK_URL": sandbox.zendesk.url.replace("http://", "https://")},
        "untrusted certificate": {"ZENDESK_URL": _encrypted(urlsplit(sandbox.zendesk.url).port or 0, stack)},
        "wrong secret": {"ZENDESK_CLIENT_SECRET": "another-secret"},
        "wrong token": {
            "ZENDESK_CLIENT_ID": "",
            "ZENDESK_CLIENT_SECRET": "",
            "ZENDESK_API_TOKEN": "another-token",
            "ZENDESK_EMAIL": str(sandbox.zendesk.desk.account.service_user.email),
        },
    }
    return others.get(name, {})


def _encrypted(port: int, stack: contextlib.ExitStack) -> str:
    """A way to a port by TLS, with a certificate that nobody here trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    proxy = TcpProxy(port, tls=context)
    proxy.open()
    stack.callback(proxy.close)
    return f"https://127.0.0.1:{proxy.port}"


def run(command: str, environ: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, "-m", "integration", command],
        env={**surroundings, **environ},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_command_says_the_same_of_it_and_what_to_do(
    trouble: tuple[str, dict[str, str]], environ: dict[str, str], tmp_path: Path
) -> None:
    name, changes = trouble
    happened, advice = STATES[name]
    commands = ("install", "uninstall", "recover", "check")
    with ThreadPoolExecutor() as pool:
        finished = list(pool.map(lambda command: run(command, {**environ, **changes}, tmp_path), commands))
    for command, done in zip(commands, finished, strict=True):
        told = done.stdout + done.stderr
        assert done.returncode == 1, (command, told)
        assert "Traceback" not in told
        assert happened in told, (command, told)
        assert advice in told, (command, told)
        assert "is gone" not in told
        assert "secret-of-the-proxy" not in told
        assert not any(value in told for key, value in environ.items() if "SECRET" in key or "KEY" in key)
