"""An installation with one door alone: everything starts and works, and what it does not use costs it nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

import pytest
import requests
from redis import Redis

from integration.cases.entry import State
from integration.settings import from_environment
from sandbox import Sandbox
from sandbox.intercom import Intercom
from sandbox.slack import Slack
from tests.admin import PASSWORD
from tests.conftest import InProcess, Processes, wait_for
from tests.ports import free_port
from tests.tickets import key, new_ticket
from tests.variables import ASKED, INTERCOM, SURVEYS_AND_SLACK

pytestmark = pytest.mark.slow

TOKEN = "token-of-the-one-door-0123"
ADA = "ada@shop.example"


@dataclass(frozen=True)
class Door:
    """A door, the variables that open it, what lets a case come, and what shows that it has its note."""

    name: str
    variables: Mapping[str, str]
    begin: Callable[[str], None]
    ended: Callable[[], object]
    groups: set[str]
    word: str
    recovered: str = "No service that is set up tells which cases it could not deliver."


@pytest.fixture
def intercom(sandbox: Sandbox) -> Iterator[Intercom]:
    running = Intercom(faults=sandbox.faults)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def slack(sandbox: Sandbox) -> Iterator[Slack]:
    running = Slack(faults=sandbox.faults)
    running.start()
    yield running
    running.stop()


@pytest.fixture(params=["intercom", "surveys", "ask"])
def door(request: pytest.FixtureRequest, intercom: Intercom, slack: Slack) -> Door:
    bearer = {"Authorization": f"Bearer {TOKEN}"}

    def converse(url: str) -> None:
        assert intercom.subscribe(f"{url}/intercom/conversations") == 200
        intercom.start_conversation(intercom.add_contact(email=ADA))

    def answer(url: str) -> None:
        body = {"id": "17", "score": 3, "email": ADA, "comment": "I could not pay"}
        assert requests.post(f"{url}/surveys/plain", json=body, headers=bearer, timeout=10).status_code == 202

    asked: list[str] = []

    def ask(url: str) -> None:
        told = requests.post(f"{url}/v1/highlights", json={"email": ADA}, headers=bearer, timeout=10).json()
        asked.append(told["status_url"])

    doors = {
        "intercom": Door(
            "intercom",
            intercom.environment(),
            converse,
            lambda: [note for number in intercom.conversations for note in intercom.notes(number)],
            {"Intercom token"},
            "conversation",
            recovered="conversations of that time",
        ),
        "surveys": Door(
            "surveys",
            {**slack.environment(), "SURVEY_TOKEN": TOKEN, "SURVEY_SETTLE_SECONDS": "1"},
            answer,
            slack.own_messages,
            {"Slack token", "Slack company"},
            "answer",
        ),
        "ask": Door(
            "ask",
            {"ASK_TOKENS": f"crm:{TOKEN}"},
            ask,
            lambda: requests.get(asked[0], headers=bearer, timeout=10).json()["status"] == "ready",
            {"ask clients"},
            "request",
        ),
    }
    return doors[request.param]


@pytest.fixture
def environ(environ: dict[str, str], door: Door) -> dict[str, str]:
    """The variables without any of Zendesk's."""
    others = {name: value for name, value in environ.items() if not name.startswith("ZENDESK_")}
    return {**others, **door.variables, "ADMIN_PASSWORD": PASSWORD}


def run(environ: Mapping[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "integration", *command]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ZENDESK_")}
    return subprocess.run(words, env={**clean, **environ}, capture_output=True, text=True, timeout=60, check=False)


def test_everything_works_with_that_door_alone(door: Door, environ: dict[str, str], processes: Processes) -> None:
    processes.start("web", "worker")
    door.begin(processes.url)
    wait_for(door.ended, seconds=40)

    page = requests.get(f"{processes.url}/", auth=("admin", PASSWORD), timeout=10)
    assert page.status_code == 200
    assert "Zendesk" not in page.text
    assert f"tells of each {door.word}" in page.text

    checked = json.loads(run(environ, "check", "--json").stdout)
    assert checked["ok"], [check for check in checked["checks"] if check["outcome"] == "FAIL"]
    names = {check["name"] for check in checked["checks"]}
    assert door.groups <= names
    assert not any("Zendesk" in name for name in names)

    done = run(environ, "status", "--json")
    assert json.loads(done.stdout)["states"]["posted"] == 1
    done = run(environ, "recover")
    assert (done.returncode, door.recovered in done.stdout, "icket" in done.stdout) == (0, True, False)
    assert processes.stop("worker") == processes.stop("web") == 0


@pytest.mark.parametrize("command", [["install"], ["install", "--dry-run"], ["uninstall", "--yes"]])
def test_there_is_nothing_to_install_where_zendesk_is_not_set_up(
    command: list[str], environ: dict[str, str], sandbox: Sandbox
) -> None:
    done = run(environ, *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing to do" in done.stdout
    assert "docs/intercom.md" in done.stdout
    assert sandbox.zendesk.requests == []


# -- What an installation does not use costs it nothing

LOADED = """
import json, sys
from integration.settings import from_environment
{start}
print(json.dumps(sorted(name for name in sys.modules if name.startswith("integration."))))
"""
WEB = "from integration.web.app import create_app; create_app(from_environment())"
WORKER = """
import worker.__main__
from integration import services
from integration.cases import connections
settings = from_environment()
services.places(settings, connections.for_worker(settings))
"""
DOORS = ("intercom", "slack", "surveys", "ask")
DECLARED = {
    *(f"integration.{folder}{module}" for folder in DOORS for module in ("", ".service", ".settings")),
    *("integration.surveys.scale", "integration.ask.hosts"),  # the form of what is set
}


@pytest.mark.parametrize("start", [WEB, WORKER])
def test_zendesk_alone_loads_of_the_other_doors_what_declares_them_and_no_more(
    start: str, redis_url: str, sandbox: Sandbox
) -> None:
    own = {
        **sandbox.environment(),
        "REDIS_URL": redis_url,
        "PUBLIC_URL": "http://127.0.0.1:9",
        "SECRET_KEY": "k" * 40,
        "ADMIN_PASSWORD": PASSWORD,
    }
    code = LOADED.format(start=start)
    environ = {**os.environ, **own}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(json.loads(done.stdout))
    of_doors = {name for name in loaded if name.split(".")[1] in DOORS}
    assert of_doors <= DECLARED


def commands_of_a_ticket(product: InProcess, sandbox: Sandbox) -> dict[str, int]:
    """What Redis is asked from a ticket's delivery to its note, by command."""

    def calls() -> dict[str, int]:
        stats = cast("dict[str, dict[str, int]]", product.redis.info("commandstats"))
        return {name: told["calls"] for name, told in stats.items() if name != "cmdstat_info"}

    number = sandbox.zendesk.file_ticket(requester=f"{len(sandbox.zendesk.tickets())}@shop.example", deliver=False)
    product.redis.hdel(product.settings.keys.lane("Zendesk"), "note_at")  # the pace after the one before
    before, case = calls(), key(number)
    product.ledger.receive(new_ticket(number))
    product.jobs.request_highlights(case)
    wait_for(lambda: all(result["ready"] for result in sandbox.logrocket.results.values()))
    request_id = product.entry(number).request.id
    result = product.logrocket.result(request_id or "")
    assert result is not None
    product.ledger.take_callback(case, result)
    product.jobs.post_note(case)
    assert product.entry(number).state is State.POSTED
    after = calls()
    return {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)}


def test_a_ticket_costs_redis_no_command_more_for_the_other_doors(
    redis: Redis, redis_url: str, sandbox: Sandbox
) -> None:
    sandbox.logrocket.callbacks = "none"
    counted = []
    for others in ({}, INTERCOM | SURVEYS_AND_SLACK | ASKED):
        redis.flushall()
        port = free_port()
        own = {
            **sandbox.environment(),
            "REDIS_URL": redis_url,
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "SECRET_KEY": "k" * 40,
            "DELAY_SECONDS": "0",
        }
        with InProcess(from_environment({**own, **others}), port) as product:
            commands_of_a_ticket(product, sandbox)  # which loads the scripts
            counted.append(commands_of_a_ticket(product, sandbox))
    alone, with_others = counted
    assert alone == with_others
    assert sum(alone.values()) > 5
