"""The admin's commands, run as an admin runs them: as processes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import requests
from redis import Redis

from integration.entry import State
from integration.lanes import Hold
from integration.zendesk.webhook import NewTicket
from sandbox import Fault, Sandbox
from tests.conftest import ROOT, InProcess, wait_for
from tests.test_the_way_of_a_ticket import everything

ADA, BOB = "ada@shop.example", "bob@shop.example"

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def command(environ: dict[str, str], tmp_path: Path) -> Run:
    """Runs `python -m integration ...` in an empty folder."""

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
        return subprocess.run(
            [sys.executable, "-m", "integration", *arguments],
            env={**surroundings, **environ, **changes},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def fail(sandbox: Sandbox, product: InProcess, requester: str = ADA) -> int:
    """A ticket that has failed."""
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=400))
    number = sandbox.zendesk.file_ticket(requester=requester)
    product.work_until(number, State.FAILED)
    return number


def is_told_of(number: int, redis: Redis) -> bool:
    """Whether a ticket's number stands anywhere in Redis; not as a part of a time or of a hash."""
    return re.search(rf"(?<![0-9a-f.]){number}(?![0-9a-f])", everything(redis)) is not None


def held(product: InProcess) -> list[Hold]:
    """Work once; what is held up then."""
    product.work()
    return product.ledger.lanes.holds()


# -- What they have in common


@pytest.mark.parametrize("name", ["status", "recover", "retry --failed", "forget --ticket 1"])
def test_a_command_without_its_settings_names_them_all_and_exits_2(name: str, command: Run) -> None:
    found = command(*name.split(), REDIS_URL="", SECRET_KEY="short")
    assert (found.returncode, found.stdout) == (2, "")
    assert "REDIS_URL" in found.stderr
    assert "SECRET_KEY" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("name", ["status", "status --json", "retry --failed", "retry 1", "forget --ticket 1"])
def test_a_command_without_redis_says_so_and_exits_1(name: str, command: Run) -> None:
    found = command(*name.split(), REDIS_URL="redis://127.0.0.1:1")
    assert (found.returncode, found.stdout) == (1, "")
    assert "REDIS_URL" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "name",
    [
        "",
        "nonsense",
        "retry",
        "retry x",
        "retry 0",
        "retry 1 --failed",
        "forget",
        "forget --ticket -1",
        "forget --email ada",
        "forget --ticket 1 --email ada@shop.example",
        "recover --hours 0",
        "recover --hours 100000",
        "status --yaml",
    ],
)
def test_wrong_arguments_exit_2(name: str, command: Run) -> None:
    found = command(*name.split())
    assert (found.returncode, found.stdout) == (2, "")
    assert "usage:" in found.stderr


# -- status


def test_status_of_an_empty_ledger_as_json(command: Run) -> None:
    found = command("status", "--json")
    assert found.returncode == 0
    assert json.loads(found.stdout) == {
        "states": dict.fromkeys(("received", "requested", "ready", "posted", "empty", "skipped", "failed"), 0),
        "queue": {"waiting": 0, "running": 0},
        "oldest_waiting_seconds": None,
        "holds": [],
    }


def test_status_counts_tickets_jobs_and_waits(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    posted = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(posted, State.POSTED)
    product.ledger.receive(_ticket(77))
    found = json.loads(command("status", "--json").stdout)
    assert (found["states"]["posted"], found["states"]["received"]) == (1, 1)
    assert found["queue"] == {"waiting": 1, "running": 0}
    assert 0 <= found["oldest_waiting_seconds"] < 60


def test_status_tells_of_refused_credentials(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    sandbox.faults.add(Fault(service="logrocket", status=401, times=None))
    sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: held(product))
    (hold,) = json.loads(command("status", "--json").stdout)["holds"]
    assert hold["service"] == "LogRocket"
    assert "401" in hold["reason"]
    assert hold["since"].endswith("Z")
    assert "tickets wait for LogRocket: LogRocket refuses our credentials (401)" in command("status").stdout


def test_status_tells_of_the_ceiling_of_requests(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    told = command("status", LOGROCKET_REQUESTS_PER_HOUR="1").stdout
    assert "LOGROCKET_REQUESTS_PER_HOUR is reached (1 in the last hour)" in told


# -- retry


def test_a_failed_ticket_is_retried_and_gets_its_note(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    number = fail(sandbox, product)
    found = command("retry", str(number))
    assert (found.returncode, found.stdout) == (0, f"ticket {number}: back to work\n")
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_all_failed_tickets_are_retried(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    numbers = [fail(sandbox, product), fail(sandbox, product, BOB)]
    assert command("retry", "--failed").returncode == 0
    for number in numbers:
        product.work_until(number, State.POSTED)
    assert command("retry", "--failed").stdout == "no ticket has failed\n"


def test_what_has_not_failed_is_not_retried(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    found = command("retry", str(number), "1")
    assert found.returncode == 1
    assert found.stdout == f"ticket {number}: it has its note, or gets it: it is posted\nticket 1: not known\n"
    assert product.entry(number).state is State.POSTED


# -- forget


def test_a_forgotten_ticket_leaves_nothing_in_redis(
    sandbox: Sandbox, product: InProcess, command: Run, redis: Redis
) -> None:
    posted = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(posted, State.POSTED)
    failed = fail(sandbox, product)
    product.ledger.receive(_ticket(888777666))  # its job waits
    for number in (posted, failed, 888777666):
        assert is_told_of(number, redis)
        found = command("forget", "--ticket", str(number))
        assert (found.returncode, found.stdout) == (0, "erased: 1 ticket\n")
        assert not is_told_of(number, redis)
        assert command("forget", "--ticket", str(number)).stdout == "erased: 0 tickets\n"


def test_an_address_is_forgotten_with_all_its_tickets(
    sandbox: Sandbox, product: InProcess, command: Run, redis: Redis
) -> None:
    done = sandbox.zendesk.file_ticket(requester=ADA)
    other = sandbox.zendesk.file_ticket(requester=BOB)
    for number in (done, other):
        product.work_until(number, State.POSTED)
    product.ledger.receive(_ticket(888777666, email="Ada@Shop.example"))  # which still waits
    assert command("forget", "--email", "ADA@shop.example").stdout == "erased: 2 tickets\n"
    assert not is_told_of(done, redis)
    assert "888777666" not in everything(redis)
    assert product.entry(other).state is State.POSTED


def test_an_address_is_found_that_zendesk_told_of(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA, deliver=False)
    product.ledger.receive(_ticket(number, email=None))
    product.work_until(number, State.POSTED)
    assert command("forget", "--email", ADA).stdout == "erased: 1 ticket\n"


def test_an_address_is_found_after_a_change_of_the_key(
    sandbox: Sandbox, product: InProcess, command: Run, environ: dict[str, str]
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    changes = {"SECRET_KEY": "n" * 32, "SECRET_KEY_FALLBACKS": environ["SECRET_KEY"]}
    assert command("forget", "--email", ADA, **changes).stdout == "erased: 1 ticket\n"


def test_a_late_callback_of_a_forgotten_ticket_changes_nothing(
    sandbox: Sandbox, product: InProcess, command: Run, redis: Redis
) -> None:
    sandbox.logrocket.delay = 3600
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.REQUESTED)
    command("forget", "--ticket", str(number))
    (request_id,) = sandbox.logrocket.results
    assert sandbox.logrocket.call_back(request_id) == requests.codes.ok
    assert not is_told_of(number, redis)


# -- recover


def test_a_delivery_that_never_reached_us_is_recovered(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    sandbox.zendesk.desk.deliverer.invocations_a_minute = 0
    number = sandbox.zendesk.file_ticket(requester=ADA)
    assert product.ledger.find(number) is None
    found = command("recover")
    assert found.returncode == 0, found.stderr
    assert "taken in now: 1" in found.stdout
    assert "taken in now: 0" in command("recover").stdout
    assert product.entry(number).state is State.RECEIVED


def _ticket(number: int, email: str | None = ADA) -> NewTicket:
    return NewTicket(ticket_id=number, email=email)
