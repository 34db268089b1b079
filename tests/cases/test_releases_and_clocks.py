"""Two releases side by side during a deploy, and machines whose clocks are off: one form, one time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from redis import Redis

from integration.cases.entry import State
from integration.cases.ledger import Received
from integration.cases.queues import open_queue
from integration.cases.stored import VERSION, load
from integration.logrocket import callback
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, Processes, wait_for
from tests.processes import children
from tests.tickets import key, new_ticket
from worker import sweeper

pytestmark = pytest.mark.slow

ADA = "ada@shop.example"

# -- Releases


def stored(redis: Redis, ticket_id: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(redis.get(f"highlights:case:zendesk-{ticket_id}") or b"{}")
    return found


def strip(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry as the first release of this version knew it."""
    first = ("v", "received_at", "entered_at", "state", "person", "request", "note", "history")
    parts = {"request": ("id",), "note": ("highlights",)}
    return {
        name: {field: entry[name][field] for field in parts[name] if field in entry[name]}
        if name in parts
        else entry[name]
        for name in first
        if name in entry
    }


@pytest.mark.parametrize("state", [State.RECEIVED, State.REQUESTED, State.READY])
def test_an_entry_of_an_older_release_goes_on(state: State, sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    sandbox.logrocket.delay = 2.0  # longer than the work below, which would post the note
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    if state is not State.RECEIVED:
        product.work()
        wait_for(lambda: product.entry(number).state is State.READY)
    entry = strip(stored(redis, number)) | {"state": str(state)}
    redis.set(f"highlights:case:zendesk-{number}", json.dumps(entry))
    redis.zadd("highlights:due", {key(number): 0})
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


ALIEN: dict[str, Callable[[dict[str, object]], str]] = {
    "a newer form": lambda entry: json.dumps(entry | {"v": VERSION + 1, "state": "pondered", "unheard": {"of": 1}}),
    "a state unheard of": lambda entry: json.dumps(entry | {"state": "pondered"}),
    "no version": lambda entry: json.dumps({name: value for name, value in entry.items() if name != "v"}),
    "no ticket": lambda entry: json.dumps({"v": entry["v"]}),
    "no object": lambda _: "[]",
    "no JSON": lambda _: "{",
}


@pytest.mark.parametrize("write", ALIEN.values(), ids=ALIEN)
def test_an_entry_that_this_release_cannot_read_is_left_alone_and_stops_nothing(
    write: Callable[[dict[str, object]], str], sandbox: Sandbox, product: InProcess, redis: Redis
) -> None:
    alien = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(alien)))
    text = write(stored(redis, alien))
    redis.set(f"highlights:case:zendesk-{alien}", text)
    redis.zadd("highlights:due", {key(alien): 0})
    redis.zadd("highlights:line:zendesk", {key(alien): 0})

    own = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(own, State.POSTED)
    settings = product.settings
    url = callback.address(
        settings.public_url, key(alien), secret_keys=settings.secret_keys, now=product.ledger.reader.now()
    )
    answer = requests.post(url, json={"status": "FAILED", "result": None}, timeout=5)
    assert (answer.status_code, answer.text) == (200, "ticket not known\n")
    assert product.ledger.receive(new_ticket(alien)) is Received.KNOWN
    product.work()

    assert redis.get(f"highlights:case:zendesk-{alien}") == text.encode()
    assert float(redis.zscore("highlights:due", key(alien)) or 0) > product.ledger.reader.now()
    assert sandbox.zendesk.internal_notes(alien) == []


def test_a_job_of_a_newer_release_is_refused_and_its_ticket_is_queued_again(product: InProcess, redis: Redis) -> None:
    """The older worker takes a job that only the newer one knows: the newer one's sweeper queues it again."""
    product.ledger.receive(new_ticket(1, email=ADA))
    redis.delete("rq:queue:highlights-requests")
    queue = open_queue("highlights-requests", redis)
    job = queue.enqueue("worker.jobs.ponder", key(1), job_id=product.settings.keys.job("ponder", key(1), "0a1b2c3d"))
    product.work()
    assert job.get_status() == "failed"
    assert product.entry(1).claim.attempts == 0
    redis.zadd("highlights:due", {key(1): 0})
    sweeper.sweep(product.ledger)
    assert product.ledger.reader.queued([(key(1), State.RECEIVED)])


# -- Clocks

# Runs before everything else in a process and puts its clock wrong, for Python's ways of asking.
WRONG_CLOCK = """
import datetime, os, time
_off, _time, _real = float(os.environ["CLOCK_OFF_SECONDS"]), time.time, datetime.datetime
time.time = lambda: _time() + _off
time.time_ns = lambda: int(time.time() * 1e9)
class _Datetime(_real):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(time.time(), tz)
    @classmethod
    def utcnow(cls):
        return cls.now(datetime.timezone.utc).replace(tzinfo=None)
datetime.datetime = _Datetime
"""


@pytest.fixture
def another_worker(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[Processes]:
    """A worker on another machine."""
    folder = tmp_path / "another"
    folder.mkdir()
    made = Processes(environ, port, folder)
    try:
        yield made
    finally:
        made.end_all()


class TestWithClocksThatAreOff:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return {**environ, "POLL_AFTER_SECONDS": "1", "WEB_CONCURRENCY": "1"}

    def test_ten_minutes_between_the_machines_move_no_deadline(
        self, sandbox: Sandbox, processes: Processes, another_worker: Processes, redis: Redis, tmp_path: Path
    ) -> None:
        """The web process is ten minutes late, one worker ten minutes early, another ten minutes late."""
        (tmp_path / "sitecustomize.py").write_text(WRONG_CLOCK)
        for each, minutes in ((processes, -10), (another_worker, 10)):
            each._environ |= {"PYTHONPATH": str(tmp_path), "CLOCK_OFF_SECONDS": str(minutes * 60)}
        before = redis.time()[0]
        sandbox.zendesk.desk.limits.account_updates = 10_000
        sandbox.faults.add(Fault(service="logrocket", method="POST", status=503))
        sandbox.faults.add(Fault(service="zendesk", method="PUT", path="/tickets/", drop="after"))
        processes.start("web", "worker")
        another_worker.start("worker")
        wait_for(lambda: len(children(another_worker.running["worker"].pid)) == 3)
        tickets = [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(3)]
        sandbox.logrocket.callbacks = "none"
        tickets += [sandbox.zendesk.file_ticket(requester=ADA) for _ in range(3)]

        wait_for(lambda: redis.zcard("highlights:state:posted") == len(tickets), seconds=40)

        assert [len(sandbox.zendesk.internal_notes(number)) for number in tickets] == [1] * len(tickets)
        after = redis.time()[0] + 1
        for number in tickets:
            history = load(redis.get(f"highlights:case:zendesk-{number}") or b"", key(number)).history
            assert history
            assert all(before <= when <= after for when, _ in history)
        early, late = (
            datetime.fromisoformat(each.log("worker").split()[0]).timestamp() for each in (another_worker, processes)
        )
        assert early - late > 19 * 60  # they really were off

        def said() -> str:
            return another_worker.log("worker") + processes.log("worker") + processes.log("web")

        wait_for(lambda: said().count("note posted") >= len(tickets))  # a line follows what it tells of
        assert "Traceback" not in said()
        assert said().count("note posted") == len(tickets)
