"""Two installations in one Redis, such as staging and production: neither sees, runs or erases what is the other's."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from redis import Redis
from rq.registry import FailedJobRegistry, StartedJobRegistry

from integration.cases import heartbeats, overview
from integration.cases.entry import State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.queues import open_queue
from integration.checks.redis_server import worker as worker_check
from integration.findings import Outcome
from integration.settings import from_environment
from sandbox import Sandbox
from tests.conftest import InProcess, wait_for
from tests.observed import everything
from tests.ports import free_port
from tests.tickets import key, new_ticket
from tests.variables import AT_ONCE
from worker import sweeper
from worker.recovery import Turns

PREFIXES = ("highlights", "highlights-staging")


class Installation(InProcess):
    """One of both, with accounts of its own."""

    def __init__(self, prefix: str, redis_url: str, stack: ExitStack) -> None:
        self.sandbox = stack.enter_context(Sandbox())
        self.sandbox.logrocket.delay = 0.05
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environ = {
            **self.sandbox.environment(),
            "REDIS_URL": redis_url,
            "KEY_PREFIX": prefix,
            "PUBLIC_URL": url,
            "SECRET_KEY": secrets.token_hex(32),
            "ZENDESK_WEBHOOK_SECRET": self.sandbox.zendesk.install_webhook(f"{url}/zendesk/tickets"),
            "BACKOFF_SECONDS": "0.05",
            **AT_ONCE,
        }
        super().__init__(from_environment(environ), port)

    def notes(self, ticket_id: int) -> int:
        return len(self.sandbox.zendesk.internal_notes(ticket_id))


@pytest.fixture
def both(redis: Redis, redis_url: str) -> Iterator[list[Installation]]:
    assert redis.ping()
    with ExitStack() as stack:
        yield [stack.enter_context(Installation(prefix, redis_url, stack)) for prefix in PREFIXES]


def of(prefix: str, redis: Redis) -> dict[bytes, bytes]:
    """All that one of them has in Redis."""
    own = re.compile(f"{prefix}:.*|rq:.*:{prefix}-[a-z_]+(-[0-9].*|:.*)?")
    keys = [key for key in redis.scan_iter() if own.fullmatch(key.decode())]
    return {key: redis.dump(key) for key in keys}  # type: ignore[misc]  # not awaited


# -- It works


def test_the_names_of_the_default_prefix_are_those_of_old() -> None:
    keys = Keys(DEFAULT_PREFIX)
    assert (keys.case(key(7)), keys.due, keys.state(State.READY), keys.received) == (
        "highlights:case:zendesk-7",
        "highlights:due",
        "highlights:state:ready",
        "highlights:received",
    )
    assert (keys.lane("Zendesk"), keys.line("Zendesk"), keys.asked) == (
        "highlights:lane:zendesk",
        "highlights:line:zendesk",
        "highlights:asked",
    )
    assert (keys.metrics, keys.queues) == ("highlights:metrics", ("highlights-requests", "highlights-notes"))


def test_each_works_for_its_own_accounts_alone(both: list[Installation], redis: Redis) -> None:
    first, second = both
    numbers = [each.sandbox.zendesk.file_ticket() for each in both]
    assert numbers[0] == numbers[1]  # the worst case: the same number in both accounts
    number = numbers[0]
    wait_for(lambda: second.ledger.reader.find(key(number)))
    before = of(PREFIXES[1], redis)

    first.work_until(number, State.POSTED)

    assert (first.notes(number), second.notes(number)) == (1, 0)
    assert second.entry(number).state is State.RECEIVED
    assert len(second.sandbox.logrocket.requests) == 0
    assert of(PREFIXES[1], redis) == before
    stands = overview.read(second.settings, second.redis, routes=second.ledger.lanes.routes)
    assert (stands.jobs_waiting, stands.counts[State.POSTED]) == (1, 0)

    second.work_until(number, State.POSTED)
    assert (first.notes(number), second.notes(number)) == (1, 1)


def test_every_key_begins_with_a_prefix_or_is_rqs(both: list[Installation], redis: Redis) -> None:
    for each in both:
        number = each.sandbox.zendesk.file_ticket()
        each.work_until(number, State.POSTED)
        Turns(each.settings, each.ledger, each.redis, alive=lambda: True).take()
    strange = [
        key
        for key in redis.scan_iter()
        if not key.startswith((b"rq:", *(f"{prefix}:".encode() for prefix in PREFIXES)))
    ]
    assert strange == []
    assert {key.split(b":")[0] for key in redis.scan_iter()} >= {prefix.encode() for prefix in PREFIXES}


# -- It refuses


def test_a_job_of_the_other_is_neither_seen_nor_counted(both: list[Installation]) -> None:
    first, second = both
    first.ledger.receive(new_ticket(7, email="ada@shop.example"))
    job = (key(7), State.RECEIVED)
    assert first.ledger.reader.queued([job]) == {job}
    assert second.ledger.reader.queued([job]) == set()
    sweeper.sweep(second.ledger)
    second.work()
    assert first.ledger.reader.queued([job]) == {job}


@pytest.mark.parametrize("prefixes", [PREFIXES, PREFIXES[::-1]])
def test_what_one_forgets_stays_with_the_other(
    prefixes: tuple[str, str], both: list[Installation], redis: Redis
) -> None:
    installations = dict(zip(PREFIXES, both, strict=True))
    for prefix, each in installations.items():
        each.ledger.receive(new_ticket(888777, email="ada@shop.example"))
        keys = Keys(prefix)
        job_id = keys.job("post_note", key(888777), "0a1b2c3d")
        queue = open_queue(keys.notes, redis)
        queue.enqueue("worker.jobs.post_note", key(888777), job_id=job_id)
        redis.rpush(queue.intermediate_queue_key, job_id)
        redis.set(f"{queue.intermediate_queue_key}:first_seen:{job_id}", "1")
        redis.zadd(StartedJobRegistry(queue=queue).key, {f"{job_id}:0f0f": 1})
        redis.zadd(FailedJobRegistry(queue=queue).key, {job_id: 1})
        redis.hset(f"rq:execution:{job_id}:0f0f", "id", "0f0f")
    forgotten, kept = prefixes
    before = of(kept, redis)
    assert len(before) > 10

    assert installations[forgotten].ledger.forget(key(888777))

    assert of(kept, redis) == before
    rest = everything(redis)
    assert f"{forgotten}:case:zendesk-888777" not in rest
    assert Keys(forgotten).job("post_note", key(888777), "0a1b2c3d") not in rest.replace(
        Keys(kept).job("post_note", key(888777), "0a1b2c3d"), ""
    )
    assert not installations[forgotten].ledger.forget(key(888777))


def test_jobs_of_another_application_with_the_same_numbers_stay(both: list[Installation], redis: Redis) -> None:
    first, _ = both
    first.ledger.receive(new_ticket(7))
    foreign: list[str | bytes] = [
        "rq:job:report-7-ab",
        "rq:job:x-highlights-post_note-zendesk-7-ab",
        "rq:results:mail-7-0a",
        "rq:job:highlights-post_note-zendesk-7-ab:theirs:too",
        "rq:queue:theirs:intermediate:first_seen:highlights-post_note-zendesk-7-ab",
        "rq:archive:highlights-post_note-zendesk-7-ab",
        "app:rq:job:highlights-post_note-zendesk-7-ab",
        b"rq:\xff:highlights-post_note-zendesk-7-ab",
        "rq:job:highlights-post_note-zendesk-7-aa",
        "rq:worker:list:executions",
    ]
    for name in foreign[:-1]:
        redis.set(name, "1")
    redis.rpush("rq:worker:list:executions", "highlights-post_note-zendesk-7-ab")
    redis.sadd("rq:worker:set:executions", b"\xff-7-\xff")
    # An application of somebody else's, whose names are ours by chance: its queue tells
    theirs = "highlights-post_note-zendesk-7-ac"
    redis.hset(f"rq:job:{theirs}", "origin", "theirs")
    redis.set(f"rq:results:{theirs}", "1")
    assert first.ledger.forget(key(7))
    assert redis.exists(*foreign) == len(foreign)
    assert redis.exists("rq:worker:set:executions", f"rq:job:{theirs}", f"rq:results:{theirs}") == 3


def test_a_worker_of_the_other_is_not_taken_for_ones_own(both: list[Installation], redis: Redis) -> None:
    first, second = both
    for part in heartbeats.PARTS:
        heartbeats.Heart(redis, first.settings.keys, part).beat()
    assert worker_check(redis, first.settings.keys).outcome is Outcome.OK
    assert worker_check(redis, second.settings.keys).outcome is Outcome.WARNING


@pytest.mark.parametrize(
    "job_id",
    [
        "post_note-zendesk-7-ab",
        "other-post_note-zendesk-7-ab",
        "highlights-staging-post_note-zendesk-7-ab",
        "highlights-post_note-zendesk-7",
        "highlights-post_note-7-ab",
        "",
        "7",
    ],
)
def test_a_job_id_that_is_not_ours_names_no_ticket(job_id: str) -> None:
    assert Keys("highlights").read_job(job_id) is None


@pytest.mark.parametrize("prefix", [*PREFIXES, "a", "A_b-1", "7"])
def test_a_job_id_names_its_ticket(prefix: str) -> None:
    keys = Keys(prefix)
    assert keys.read_job(keys.job("post_note", key(7), "0a1b2c3d")) == ("post_note", key(7))
    assert keys.read_job(keys.job("post_note", key(7), "0a1b2c3d") + ":0f0f") == ("post_note", key(7))
