"""Requests over HTTP through the product's own processes, without Zendesk: its variables are not set."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from standardwebhooks import Webhook

from sandbox import Sandbox
from tests.admin import PASSWORD, Admin
from tests.ask.conftest import ADA, OTHER_TOKEN, SECRET, TOKEN, Client, Hook
from tests.conftest import Processes, wait_for

pytestmark = pytest.mark.slow


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environ.items() if not name.startswith("ZENDESK_")}
    return {**kept, "ADMIN_PASSWORD": PASSWORD}


def test_a_summary_is_asked_for_and_told_and_nothing_personal_is_logged(
    sandbox: Sandbox, processes: Processes, hook: Hook
) -> None:
    processes.start("web", "worker")
    client = Client(processes.url)
    hook.answers = [503]
    asked = {**ADA, "question": "Why did the voucher SOMMER24 fail?", "callback_url": hook.url}
    case_id = client.ask(asked, key="call-7").json()["id"]
    wait_for(lambda: len(hook.taken) == 2, seconds=40)
    result = client.look(case_id).json()
    assert result["status"] == "ready"
    assert [headers["webhook-id"] for headers, _ in hook.taken] == [case_id, case_id]
    headers, body = hook.taken[-1]
    assert Webhook(SECRET).verify(body, dict(headers))["data"] == result
    assert client.ask(asked, key="call-7").status_code == 200
    assert Client(processes.url, OTHER_TOKEN).look(case_id).status_code == 404
    assert sandbox.zendesk.requests == []
    wait_for(lambda: f"note posted case=ask-{case_id}" in processes.log("worker"))
    logged = processes.log("web") + processes.log("worker")
    for secretive in (TOKEN, SECRET, "ada@", "SOMMER24", "/hook", "call-7"):
        assert secretive not in logged


def test_what_is_killed_between_the_result_and_its_callback_is_told_all_the_same(
    processes: Processes, hook: Hook
) -> None:
    processes.start("web")
    client = Client(processes.url)
    case_id = client.ask({**ADA, "callback_url": hook.url}).json()["id"]
    hook.answers = [0, 0]
    processes.start("worker")
    wait_for(lambda: hook.taken, seconds=40)
    processes.stop("worker")
    processes.start("worker")
    wait_for(lambda: len(hook.taken) >= 3, seconds=60)
    assert {headers["webhook-id"] for headers, _ in hook.taken} == {case_id}
    assert client.look(case_id).json()["status"] == "ready"


def test_the_page_the_metrics_and_the_command_tell_of_requests(processes: Processes) -> None:
    processes.start("web", "worker")
    case_id = Client(processes.url).ask().json()["id"]
    wait_for(lambda: f"note posted case=ask-{case_id}" in processes.log("worker"), seconds=40)
    admin = Admin(processes.url)
    page = admin.page()
    assert f"ask-{case_id}" in page
    assert 'highlights_trouble{name="ask_down",severity="none"} 0.0' in admin.get("/metrics").text
    admin.session.close()
    run = [sys.executable, "-m", "integration", "status", f"ask-{case_id}", "--json"]
    environ = {**os.environ, **processes._environ}
    done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert json.loads(done.stdout)["state"] == "posted"
    run = [sys.executable, "-m", "integration", "check", "--json"]
    done = subprocess.run(run, env=environ, capture_output=True, text=True, timeout=90, check=False)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["ask clients"]["outcome"] == "ok"
    assert TOKEN not in done.stdout
