"""The admin's commands, run as an admin runs them: as processes."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import requests
from redis import Redis

from integration.cases.entry import State
from integration.cases.lanes import Hold
from integration.cases.ledger import Received
from integration.cases.scripts import REMEMBERED, REMEMBERED_SECONDS
from integration.facts import NewCase
from sandbox import Fault, Sandbox
from tests.conftest import InProcess, wait_for
from tests.observed import everything
from tests.run_command import Run, runner
from tests.tickets import key, new_ticket

pytestmark = pytest.mark.slow

ADA, BOB = "ada@shop.example", "bob@shop.example"


@pytest.fixture
def command(environ: dict[str, str], tmp_path: Path) -> Run:
    return runner(environ, tmp_path)


def fail(sandbox: Sandbox, product: InProcess, requester: str = ADA) -> int:
    """A ticket that has failed."""
    sandbox.faults.add(Fault(service="logrocket", method="POST", status=400, times=2))
    number = sandbox.zendesk.file_ticket(requester=requester)
    product.work_until(number, State.FAILED)
    return number


def is_told_of(number: int, redis: Redis) -> bool:
    """Whether a ticket's number, no part of a time or a hash, stands in Redis, but for the ids that are remembered."""
    text = everything(redis, besides=("highlights:forgotten", "highlights:newest:zendesk"))
    return re.search(rf"(?<![0-9a-f.]){number}(?![0-9a-f])", text) is not None


def held(product: InProcess) -> list[Hold]:
    """Work once; what is held up then."""
    product.work()
    return product.ledger.lanes.holds()


# -- What they have in common


@pytest.mark.parametrize("name", ["status", "recover", "retry --failed", "forget --ticket 1"])
def test_a_command_without_its_settings_names_them_all_and_exits_2(name: str, command: Run) -> None:
    done = command(*name.split(), REDIS_URL="", SECRET_KEY="short")
    assert (done.returncode, done.stdout) == (2, "")
    assert "REDIS_URL" in done.stderr
    assert "SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["status", "status --json", "retry --failed", "retry 1", "forget --ticket 1"])
def test_a_command_without_redis_says_so_and_exits_1(name: str, command: Run) -> None:
    done = command(*name.split(), REDIS_URL="redis://127.0.0.1:1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "REDIS_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["status", "forget --ticket 1", "recover", "check"])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("redis://127.0.0.1:1", "does not answer: nothing listens there (connection refused)"),
        ("redis://nobody.invalid", "does not answer: its name is not known (DNS)"),
        ("{}99", "has no database of that number"),
    ],
)
def test_every_command_says_the_same_of_a_redis_that_cannot_be_used(
    name: str, url: str, words: str, command: Run, redis_url: str
) -> None:
    done = command(*name.split(), REDIS_URL=url.format(redis_url))
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)
    assert words in done.stdout + done.stderr
    assert "REDIS_URL" in done.stdout + done.stderr


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
    done = command(*name.split())
    assert (done.returncode, done.stdout) == (2, "")
    assert "usage:" in done.stderr


# -- status


def test_status_of_an_empty_ledger_as_json(command: Run) -> None:
    done = command("status", "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    troubles = told["troubles"]
    assert told == {
        "states": dict.fromkeys(("received", "requested", "ready", "posted", "empty", "skipped", "failed"), 0),
        "queue": {"waiting": 0, "running": 0},
        "oldest_waiting_seconds": None,
        "holds": [],
        "public_notes": [],
        "failed": [],
        "waiting": [],
        "summary": "No ticket waits. No worker runs: tickets are taken in, and wait.",
        "troubles": troubles,
    }
    assert [trouble["name"] for trouble in troubles] == ["no_worker"]


def test_status_counts_tickets_jobs_and_waits(sandbox: Sandbox, product: InProcess, command: Run) -> None:
    posted = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(posted, State.POSTED)
    product.ledger.receive(_ticket(77))
    told = json.loads(command("status", "--json").stdout)
    assert (told["states"]["posted"], told["states"]["received"]) == (1, 1)
    assert told["queue"] == {"waiting": 1, "running": 0}
    assert 0 <= told["oldest_waiting_seconds"] < 60


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
    done = command("retry", f"zendesk-{number}")
    assert (done.returncode, done.stdout) == (0, f"ticket {number}: back to work\n")
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
    done = command("retry", str(number), "1")
    assert done.returncode == 1
    first, second = done.stdout.splitlines()
    assert first == f"ticket {number}: left as it is: it is posted, its note is on the ticket"
    assert second.startswith("ticket 1: not known: it never arrived here")
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
        done = command("forget", "--ticket", str(number))
        assert (done.returncode, done.stdout) == (0, "erased: 1 ticket\n")
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
    assert not is_told_of(888777666, redis)
    assert redis.zcard("highlights:forgotten") == 2  # and nothing but ids
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


def test_tickets_under_a_key_that_is_gone_are_told_of(
    sandbox: Sandbox, product: InProcess, command: Run, environ: dict[str, str]
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    product.ledger.receive(_ticket(888777666))  # whose address is still there
    done = command("forget", "--email", ADA, SECRET_KEY="n" * 32)
    assert (done.returncode, done.stdout) == (1, "erased: 1 ticket\n")
    assert "\n1 ticket was stored under a SECRET_KEY that is no longer set" in done.stderr
    assert "SECRET_KEY_FALLBACKS" in done.stderr
    done = command("forget", "--email", ADA, SECRET_KEY="n" * 32, SECRET_KEY_FALLBACKS=environ["SECRET_KEY"])
    assert (done.returncode, done.stdout) == (0, "erased: 1 ticket\n")
    assert done.stderr.endswith(f" info ticket erased ticket_id={number} step=forget\n")  # for the log, and no more
    assert done.stderr.count("\n") == 1
    assert command("forget", "--email", ADA, SECRET_KEY="n" * 32).returncode == 0


def test_what_cannot_be_read_does_not_stop_an_erasing_and_is_named(
    product: InProcess, command: Run, redis: Redis
) -> None:
    own = range(100000001, 100000020)
    for number in own:
        product.ledger.receive(_ticket(number))
    unreadable = [b"", b"no JSON", b"[]", b"\xff", b"7", b'{"v": 1}', b'{"v": 99, "whose": "?"}']
    for number, document in enumerate(unreadable, start=1):
        redis.set(f"highlights:case:zendesk-{number}", document)
    redis.rpush("highlights:case:zendesk-8", "no text at all")
    redis.set("highlights:case:zendesk-odd", "{")
    done = command("forget", "--email", ADA)
    assert (done.returncode, done.stdout) == (1, f"erased: {len(own)} tickets\n")
    named = ", ".join(f"highlights:case:zendesk-{name}" for name in [*range(1, 9), "odd"])
    assert f"Not erased: {named}." in done.stderr
    assert "Traceback" not in done.stderr
    assert not any(is_told_of(number, redis) for number in own)
    assert command("forget", "--ticket", "8").stdout == "erased: 1 ticket\n"


def test_an_entry_of_a_newer_release_is_erased_when_it_can_be_told_whose_it_is(
    product: InProcess, command: Run, redis: Redis
) -> None:
    redis.set("highlights:case:zendesk-7", json.dumps({"v": 99, "person": {"email": ADA, "new": True}}))
    redis.set(
        "highlights:case:zendesk-8", json.dumps({"v": 99, "pseudonym": product.ledger.pseudonyms.of_address(ADA)})
    )
    assert command("forget", "--email", ADA).stdout == "erased: 2 tickets\n"


# -- What was erased, or has expired, and comes again


def deliver_again(number: int, sandbox: Sandbox) -> int | None:
    """Have Zendesk deliver a ticket once more; the status that it got."""
    before = len(sandbox.zendesk.deliveries)
    sandbox.zendesk.deliver(number)
    wait_for(lambda: len(sandbox.zendesk.deliveries) > before and sandbox.zendesk.deliveries[-1].attempts)
    return sandbox.zendesk.deliveries[-1].attempts[0].status


def expire(number: int, product: InProcess) -> None:
    """Let RETENTION_DAYS pass for a ticket: its entry expires, and the indexes are trimmed."""
    ledger, redis = product.ledger, product.redis
    long_ago = ledger.reader.now() - (product.settings.retention_days + 2) * 24 * 3600
    redis.delete(ledger.keys.case(key(number)))
    for index in (ledger.keys.received, ledger.keys.state(State.POSTED)):
        redis.zadd(index, {key(number): long_ago})
    ledger.trim()
    assert not redis.zrange(ledger.keys.received, 0, -1)
    redis.hset(ledger.keys.newest("zendesk"), "since", str(long_ago))


def test_a_ticket_that_was_erased_and_is_delivered_again_is_not_taken_in(
    sandbox: Sandbox, product: InProcess, command: Run, redis: Redis
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    command("forget", "--email", ADA)
    assert deliver_again(number, sandbox) == 200
    assert product.ledger.receive(_ticket(number), recovered=True) is Received.KNOWN
    product.work()
    assert ADA not in everything(redis)
    assert not is_told_of(number, redis)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


@pytest.mark.parametrize("how", ["just expired", "expired long ago", "erased long ago"])
def test_a_ticket_that_was_here_before_and_is_delivered_again_gets_no_second_note(
    sandbox: Sandbox, product: InProcess, how: str, redis: Redis
) -> None:
    number = sandbox.zendesk.file_ticket(requester=ADA)
    product.work_until(number, State.POSTED)
    if how == "just expired":
        redis.delete(product.ledger.keys.case(key(number)))
    else:
        expire(number, product)
    if how == "erased long ago":
        product.ledger.forget(key(number))
        redis.delete(product.ledger.keys.forgotten)
    assert deliver_again(number, sandbox) == 202
    product.work_until(number, State.POSTED)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def test_a_new_ticket_is_not_looked_through(sandbox: Sandbox, product: InProcess, redis: Redis) -> None:
    numbers = [_taken_in(sandbox, product) for _ in range(3)]
    redis.hset(product.ledger.keys.newest("zendesk"), "since", "1")  # an hour passes
    numbers.append(_taken_in(sandbox, product))
    product.ledger.receive(_ticket(numbers[-1] * 10))  # a longer number is a higher one
    assert [product.entry(number).recovered for number in (*numbers, numbers[-1] * 10)] == [False] * 5
    redis.hset(product.ledger.keys.newest("zendesk"), "since", "1")
    product.ledger.receive(_ticket(numbers[-1] + 1))
    assert product.entry(numbers[-1] + 1).recovered


def _taken_in(sandbox: Sandbox, product: InProcess) -> int:
    """A ticket whose delivery has come."""
    number = sandbox.zendesk.file_ticket(requester=ADA)
    wait_for(lambda: product.ledger.reader.find(key(number)))
    return number


def test_no_more_erased_tickets_are_remembered_than_there_is_room_for(product: InProcess, redis: Redis) -> None:
    before = int(time.time()) - 1
    redis.zadd("highlights:forgotten", {str(number): before for number in range(1, REMEMBERED + 1)})
    product.ledger.receive(_ticket(888777666))
    product.ledger.forget(key(888777666))
    assert redis.zcard("highlights:forgotten") == REMEMBERED
    assert product.ledger.receive(_ticket(888777666)) is Received.KNOWN
    redis.zadd("highlights:forgotten", {"7": before - REMEMBERED_SECONDS - 1})
    product.ledger.receive(_ticket(888777667))
    product.ledger.forget(key(888777667))
    assert redis.zscore("highlights:forgotten", "zendesk-7") is None


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
    assert product.ledger.reader.find(key(number)) is None
    done = command("recover")
    assert done.returncode == 0, done.stderr
    assert "taken in now: 1" in done.stdout
    assert "taken in now: 0" in command("recover").stdout
    assert product.entry(number).state is State.RECEIVED


def _ticket(number: int, email: str | None = ADA) -> NewCase:
    return new_ticket(number, email=email)
