"""A low score through the product's own processes: one message in Slack, whatever comes late, twice or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox import Sandbox
from sandbox.faults import Fault
from sandbox.slack import Slack
from tests.admin import PASSWORD, Admin
from tests.conftest import ROOT, Processes, wait_for

pytestmark = pytest.mark.slow

TOKEN = "survey-hush-9"
ADA = "ada@shop.example"
LOW: dict[str, Any] = {"id": "17", "score": 3, "email": ADA, "comment": "I could not pay"}


@pytest.fixture
def slack(sandbox: Sandbox) -> Iterator[Slack]:
    running = Slack(faults=sandbox.faults)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def environ(environ: dict[str, str], slack: Slack) -> dict[str, str]:
    own = {"SURVEY_TOKEN": TOKEN, "SURVEY_SETTLE_SECONDS": "2", "ADMIN_PASSWORD": PASSWORD}
    return {**environ, **slack.environment(), **own}


@pytest.fixture
def product(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[Processes]:
    yield from running(environ, port, tmp_path)


@pytest.fixture
def product_without_zendesk(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[Processes]:
    others = {name: value for name, value in environ.items() if not name.startswith("ZENDESK_")}
    yield from running(others, port, tmp_path)


def running(environ: dict[str, str], port: int, folder: Path) -> Iterator[Processes]:
    made = Processes(environ, port, folder)
    try:
        made.start("web", "worker")
        yield made
    finally:
        made.end_all()


def answer(product: Processes, body: dict[str, Any], *, token: str = TOKEN) -> int:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.post(f"{product.url}/surveys/plain", json=body, headers=headers, timeout=10).status_code


def command(product: Processes, *arguments: str) -> subprocess.CompletedProcess[str]:
    run = [sys.executable, "-m", "integration", *arguments]
    environ = {**os.environ, **product._environ}
    return subprocess.run(run, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)


def status(product: Processes, case: str) -> dict[str, Any]:
    """What `status CASE --json` tells; nothing when the case is not known."""
    done = command(product, "status", case, "--json")
    told: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {}
    return told


def posted(product: Processes, slack: Slack, case: str = "survey-17") -> str:
    """The text of the one message, when its case is at its end."""
    assert wait_for(slack.own_messages, seconds=30)
    assert wait_for(lambda: status(product, case).get("state") == "posted", seconds=30)
    [message] = slack.own_messages()
    text: str = message["blocks"][0]["text"]
    return text


# -- It works


def test_a_low_score_becomes_one_message_without_any_zendesk(
    product_without_zendesk: Processes, slack: Slack, sandbox: Sandbox
) -> None:
    product = product_without_zendesk
    assert [answer(product, LOW) for _ in range(3)] == [202, 200, 200]
    text = posted(product, slack)
    assert text.startswith("**Score: 3 of 10**  \n\u201cI could not pay\u201d  \n")
    assert "2 sessions" in text
    assert "https://app.logrocket.com/acme/shop/" in text
    assert answer(product, LOW) == 200
    assert sandbox.zendesk.requests == []
    told = command(product, "check", "--json")
    checks = {check["name"] for check in json.loads(told.stdout)["checks"]}
    assert checks >= {"surveys", "Slack token", "Slack channel"}
    assert not any("endesk" in check for check in checks), checks
    page = Admin(product.url).get("/").text
    assert "Slack" in page
    assert "Zendesk" not in page
    metrics = Admin(product.url).get("/metrics").text
    assert 'service="Slack"' in metrics
    assert "endesk" not in metrics
    assert command(product, "forget", "--email", ADA).returncode == 0
    assert status(product, "survey-17") == {}
    for process in ("web", "worker"):
        assert ADA not in product.log(process)
        assert "could not pay" not in product.log(process)


def test_a_comment_that_comes_after_its_score_is_in_the_same_message(product: Processes, slack: Slack) -> None:
    assert answer(product, {"id": "17", "score": 3, "email": ADA}) == 202
    assert answer(product, {"id": "17", "comment": "I could not pay"}) == 200
    assert "I could not pay" in posted(product, slack)
    assert answer(product, {"id": "17", "comment": "Really not"}) == 200
    assert len(slack.own_messages()) == 1


# -- It refuses


def test_a_score_that_is_not_low_is_answered_and_nothing_is_kept_of_it(product: Processes, slack: Slack) -> None:
    assert answer(product, LOW | {"score": 9}) == 200
    assert answer(product, LOW, token="another-token") == 401
    assert status(product, "survey-17") == {}
    assert slack.requests == []


# -- It survives


def test_a_message_whose_answer_is_lost_is_not_posted_again(product: Processes, slack: Slack, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="slack", method="POST", drop="after"))
    assert answer(product, LOW) == 202
    posted(product, slack)
    assert len([request for request in slack.requests if request.method == "POST"]) == 1


def test_no_trouble_of_zendesks_holds_a_message_up(product: Processes, slack: Slack, sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(service="zendesk", drop="before", times=None))
    number = sandbox.zendesk.file_ticket(requester=ADA)
    assert answer(product, LOW) == 202
    posted(product, slack)
    assert status(product, f"{number}")["state"] == "received"


def test_no_trouble_of_slacks_holds_a_note_up(product: Processes, slack: Slack, sandbox: Sandbox) -> None:
    slack.token_refusal = "account_inactive"
    assert answer(product, LOW) == 202
    assert wait_for(lambda: status(product, "survey-17").get("state") == "ready", seconds=30)
    number = sandbox.zendesk.file_ticket(requester=ADA)
    assert wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=30)
    assert slack.own_messages() == []
