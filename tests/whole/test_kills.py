"""SIGKILL and SIGTERM at every moment, to every process: work goes on, one request more at most, no second note."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import cast

import pytest
import requests
from redis import Redis

from integration import services
from integration.cases import stored
from integration.cases.entry import State
from integration.facts import Pace
from integration.settings import Settings
from sandbox import Fault, Sandbox
from tests.conftest import ROOT, InProcess, Processes, wait_for
from tests.deliver import signed
from tests.observed import asked
from tests.processes import children
from tests.tickets import key

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"


def let_time_pass(redis: Redis, seconds: float) -> None:
    """Make everything that is kept older."""
    for case in redis.keys("highlights:case:*"):
        entry = stored.load(redis.get(case) or b"{}", key(1))
        earlier = {name: getattr(entry.claim, name) - seconds for name in ("not_before", "lease_until")}
        claim = replace(entry.claim, **{name: max(when, 0) for name, when in earlier.items()})
        redis.set(case, stored.dump(replace(entry, claim=claim)))
    due = cast("list[tuple[bytes, float]]", redis.zrange("highlights:due", 0, -1, withscores=True))
    for ticket_id, when in due:
        redis.zadd("highlights:due", {ticket_id: when - seconds})
    for lane in redis.keys("highlights:lane:*"):
        redis.hset(lane, "open_at", "0")


# -- At every moment of a worker


DiesAt = Callable[[int, int], str]


@pytest.fixture
def dies_at(environ: dict[str, str]) -> Iterator[DiesAt]:
    """Works on a ticket in a process of its own, until the moment of its death."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.killed_worker"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    lines, answers = process.stdin, process.stdout

    def work(ticket_id: int, moment: int) -> str:
        lines.write(f"{ticket_id} {moment}\n")
        lines.flush()
        return answers.readline().strip()

    yield work
    lines.close()
    process.wait(timeout=10)
    answers.close()


@pytest.fixture
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "SETTLE_SECONDS": "0.1", "POLL_AFTER_SECONDS": "0.3"}


@pytest.mark.parametrize("way", ["called back", "polled", "looked for"])
def test_a_worker_may_die_at_any_moment(
    way: str, dies_at: DiesAt, sandbox: Sandbox, product: InProcess, redis: Redis
) -> None:
    """By itself; by polling, when no callback comes; by a look for the note, when its first attempt was lost."""
    sandbox.logrocket.delay = 0.0
    sandbox.zendesk.desk.limits.requests = sandbox.zendesk.desk.limits.account_updates = 10_000
    sandbox.logrocket.callbacks = "none" if way == "polled" else "once"
    step = 1 if way == "called back" else 2  # in the other ways, the moments before only
    moment = 1 - step
    while True:
        moment += step
        redis.flushall()
        product.ledger.lanes.answered("Zendesk", Pace(interval=0.001, pause=0.001))
        sandbox.faults.clear()
        if way == "looked for":
            sandbox.faults.add(Fault(service="zendesk", method="PUT", drop="after"))
        requested = len(asked(sandbox))
        number = sandbox.zendesk.file_ticket(requester=ADA)
        wait_for(lambda number=number: product.ledger.reader.find(key(number)))  # type: ignore[misc]
        died = dies_at(number, moment)
        let_time_pass(redis, 120)
        entry = product.work_until(number, State.POSTED)
        assert len(sandbox.zendesk.internal_notes(number)) == 1, moment
        assert len(asked(sandbox)) - requested <= 2, moment
        assert entry.claim.crashes == 0
        if died != "killed":
            break
    assert died.startswith("done ")
    assert moment > 20


# -- Processes


def test_killed_in_all_calls_at_once_everything_goes_on_after_the_leases(
    sandbox: Sandbox, processes: Processes
) -> None:
    """The sweeper and every child at work, then the rest: one SIGKILL, and work is resumed in 35 s of the return."""
    processes._environ |= {"WORKER_CONCURRENCY": "6"}
    sandbox.zendesk.desk.limits.account_updates = 10_000
    slow = [
        Fault(service="logrocket", method="POST", delay=1.5),
        Fault(service="logrocket", method="POST", delay_after=1.5),
        Fault(service="zendesk", method="PUT", path="/tickets/", delay=1.5),
        Fault(service="zendesk", method="PUT", path="/tickets/", delay_after=1.5),
    ]
    processes.start("web", "worker")
    for fault in slow[2:]:
        sandbox.faults.add(fault)
    noted = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2)]
    wait_for(lambda: [sandbox.faults.happened(fault) for fault in slow[2:]] == [1, 1])
    for fault in slow[:2]:
        sandbox.faults.add(fault)
    asking = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(2)]
    wait_for(lambda: [sandbox.faults.happened(fault) for fault in slow] == [1] * 4)

    processes.signal_tree("worker", signal.SIGKILL)
    processes.running["worker"].wait()
    began = time.monotonic()
    processes.start("worker")

    tickets = [*noted, *asking]
    wait_for(lambda: all(sandbox.zendesk.internal_notes(number) for number in tickets), seconds=80)
    assert time.monotonic() - began < 60  # the lease, what follows from it, and the noise of a busy machine
    time.sleep(1)
    assert [len(sandbox.zendesk.internal_notes(number)) for number in tickets] == [1] * 4
    assert len(asked(sandbox)) <= 4 + 2


def test_a_killed_sweeper_is_replaced(sandbox: Sandbox, processes: Processes) -> None:
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=503))  # a retry, which the sweeper queues
    processes.start("web", "worker")
    pool = processes.running["worker"].pid
    wait_for(lambda: len(children(pool)) == 3)
    os.kill(min(children(pool)), signal.SIGKILL)  # the first that the pool started
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: sandbox.zendesk.internal_notes(number))
    assert "child=sweeper" in processes.log("worker")


def test_a_web_process_killed_in_a_burst_loses_nothing(
    sandbox: Sandbox, processes: Processes, settings: Settings, redis: Redis
) -> None:
    """What Zendesk could not deliver stands in its log; what was taken in before the death is known."""
    processes.start("web")
    tickets: list[int] = []
    burst = threading.Thread(target=lambda: tickets.extend(sandbox.zendesk.file_ticket() for _ in range(150)))
    burst.start()
    wait_for(lambda: redis.zcard("highlights:received") > 10)
    processes.signal_tree("web", signal.SIGKILL)
    processes.running["web"].wait()
    processes.start("web")
    burst.join()
    wait_for(lambda: len(sandbox.zendesk.deliveries) == len(tickets) == 150)
    sandbox.zendesk.desk.limits.webhook_requests = 1000

    ledger = services.open_ledger(settings, redis, jitter=lambda: 0.0)
    recovered = services.recoveries(settings, ledger, redis, wait=lambda _: True)["zendesk"].recover(1)

    assert recovered.stopped is None
    assert recovered.taken_in > 0
    assert all(ledger.reader.find(key(number)) is not None for number in tickets)


def test_a_sigterm_to_every_process_at_once_loses_nothing(
    sandbox: Sandbox, processes: Processes, environ: dict[str, str]
) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path="/tickets/", delay=1.0))
    processes.start("web", "worker")
    first = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: [each for each in sandbox.zendesk.requests if each.method == "PUT"])
    answers: list[int] = []
    stop = threading.Event()
    thread = threading.Thread(target=deliver_on, args=(processes, environ, answers, stop))
    thread.start()
    wait_for(lambda: len(answers) > 5)
    for name in ("web", "worker"):
        processes.signal_tree(name, signal.SIGTERM)
    codes = [processes.running[name].wait(timeout=28) for name in ("web", "worker")]
    stop.set()
    thread.join()

    assert codes == [0, 0]
    assert len(sandbox.zendesk.internal_notes(first)) == 1
    assert set(answers) == {202}
    processes.start("web", "worker")
    second = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: sandbox.zendesk.internal_notes(second), seconds=35)
    assert len(sandbox.zendesk.internal_notes(first)) == 1


def deliver_on(processes: Processes, environ: dict[str, str], answers: list[int], stop: threading.Event) -> None:
    """Deliver one ticket after the other, each on a connection of its own, until nobody listens."""
    number = 10_000_000
    while not stop.is_set():
        number += 1
        body = b'{"ticket_id": "%d"}' % number
        headers = signed(body, environ["ZENDESK_WEBHOOK_SECRET"])
        try:
            answer = requests.post(f"{processes.url}/zendesk/tickets", data=body, headers=headers, timeout=10)
        except requests.ConnectionError:
            return
        answers.append(answer.status_code)
