"""Requests and notes share the worker's processes, and neither ever waits for the other."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from integration import services
from integration.facts import Pace
from integration.settings import Settings
from sandbox import Fault, Sandbox
from tests.conftest import Processes, wait_for
from tests.observed import asked

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"
HANGS = 12.0  # seconds, of each call
SOON = 6.0


@pytest.fixture(params=[1, 2, 3, 4])
def worker(request: pytest.FixtureRequest, processes: Processes) -> Processes:
    processes._environ["WORKER_CONCURRENCY"] = str(request.param)
    return processes


def test_a_backlog_of_requests_that_hang_holds_up_no_note(worker: Processes, sandbox: Sandbox) -> None:
    sandbox.logrocket.callbacks = "none"
    worker.start("web", "worker")
    first = sandbox.zendesk.file_ticket(requester=ADA)
    [request_id] = wait_for(lambda: list(sandbox.logrocket.results))
    wait_for(lambda: f"highlights requested ticket_id={first}" in worker.log("worker"))
    for _ in range(8):
        sandbox.faults.add(Fault(service="logrocket", method="POST", delay=HANGS))
        sandbox.zendesk.file_ticket(requester=ADA)
    time.sleep(0.5)  # as many of them hang now as can
    sandbox.logrocket.call_back(request_id)
    wait_for(lambda: sandbox.zendesk.internal_notes(first), seconds=SOON)


def test_notes_that_hang_hold_up_no_request(
    worker: Processes, sandbox: Sandbox, settings: Settings, redis: Redis
) -> None:
    services.open_ledger(settings, redis).lanes.answered("Zendesk", Pace(interval=0.01, pause=0.01))
    hangs = [Fault(service="zendesk", method="PUT", path="/tickets/", delay=HANGS) for _ in range(8)]
    for fault in hangs:
        sandbox.faults.add(fault)
    worker.start("web", "worker")
    for _ in hangs:
        sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: len(asked(sandbox)) == len(hangs) and sandbox.faults.happened(hangs[0]))
    time.sleep(1.5)  # as many of them hang now as can
    sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: len(asked(sandbox)) == len(hangs) + 1, seconds=SOON)
