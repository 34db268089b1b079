"""What RQ keeps of a ticket's jobs is erased with the ticket, wherever it is; of other tickets' jobs nothing is."""

from __future__ import annotations

from typing import Any

from redis import Redis
from rq.registry import StartedJobRegistry

from integration.cases.entry import WAITING, State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.queues import Queues, open_queue
from integration.facts import CaseKey
from tests.tickets import key

KEYS = Keys(DEFAULT_PREFIX)
EXECUTIONS = "rq:worker:one:executions"


def keep_jobs_of(redis: Redis, *tickets: int) -> None:
    """Jobs that wait, one of each ticket that a worker is at, and what RQ notes of that."""
    with redis.pipeline() as pipe:
        Queues(redis, KEYS).add(
            [(key(ticket), state) for ticket in tickets for state in (State.RECEIVED, State.READY)], pipeline=pipe
        )
        pipe.execute()
    queue = open_queue(KEYS.requests, redis)
    for ticket in tickets:
        job = KEYS.job("request_highlights", key(ticket), "00ff00ff")
        redis.hset(f"rq:job:{job}", "origin", KEYS.requests)
        redis.zadd(StartedJobRegistry(queue=queue).key, {f"{job}:e1": 9e9})
        redis.zadd(f"rq:executions:{job}", {"e1": 9e9})
        redis.sadd(EXECUTIONS, f"{job}:e1")
        redis.rpush(queue.intermediate_queue_key, job)


def traces(redis: Redis, ticket: int) -> list[str]:
    """Every key and every value that names a job of the ticket."""
    found = []
    for name in redis.scan_iter():
        values: list[Any]
        match redis.type(name):
            case b"list":
                values = redis.lrange(name, 0, -1)
            case b"set":
                values = list(redis.smembers(name))
            case b"zset":
                values = redis.zrange(name, 0, -1)
            case _:
                values = []
        found += [f"{name!r} {value!r}" for value in (name, *values) if b"-zendesk-%d-" % ticket in value]
    return sorted(found)


def test_all_of_one_tickets_jobs_is_erased_and_nothing_of_anothers(redis: Redis) -> None:
    keep_jobs_of(redis, 5, 55, 6)
    before = {ticket: traces(redis, ticket) for ticket in (5, 55, 6)}
    assert all(len(each) == 9 for each in before.values()), before
    assert Queues(redis, KEYS).forget(key(5)) > 0
    assert traces(redis, 5) == []
    assert {ticket: traces(redis, ticket) for ticket in (55, 6)} == {ticket: before[ticket] for ticket in (55, 6)}
    assert Queues(redis, KEYS).forget(key(5)) == 0


# -- Which cases have a job that waits


def queue_many(redis: Redis, count: int) -> None:
    with redis.pipeline(transaction=False) as pipe:
        Queues(redis, KEYS).add([(key(number), State.RECEIVED) for number in range(count)], pipeline=pipe)
        pipe.execute()


def received(*numbers: int) -> set[tuple[CaseKey, State]]:
    return {(key(number), State.RECEIVED) for number in numbers}


def reads(redis: Redis) -> int:
    calls: int = redis.info("commandstats").get("cmdstat_lrange", {"calls": 0})["calls"]
    return calls


def test_of_the_jobs_of_other_steps_and_cases_none_counts(redis: Redis) -> None:
    queues = Queues(redis, KEYS)
    keep_jobs_of(redis, 5, 55)
    asked = {(key(ticket), state) for ticket in (5, 55, 555, 7) for state in WAITING}
    assert queues.waiting(asked) == {
        (key(ticket), state) for ticket in (5, 55) for state in (State.RECEIVED, State.READY)
    }
    assert queues.waiting([]) == set()


def test_a_short_queue_is_read_each_time(redis: Redis) -> None:
    queues, waiting = Queues(redis, KEYS), open_queue(KEYS.requests, redis).key
    queue_many(redis, 999)
    assert queues.waiting(received(0, 998, 999)) == received(0, 998)
    redis.ltrim(waiting, 1, 4)
    assert queues.waiting(received(0, 4, 5)) == received(4)


def test_of_a_queue_as_much_is_read_as_has_to_be(redis: Redis) -> None:
    queues = Queues(redis, KEYS)
    queue_many(redis, 4500)
    for asked, pages in (((1, 500, 999), 1), ((999, 1000), 2), ((2, 4499), 5), ((4500,), 5)):
        before = reads(redis)
        assert queues.waiting(received(*asked)) == received(*asked) - received(4500)
        assert reads(redis) == before + pages


def test_a_long_queue_is_read_to_its_end_now_and_then_and_its_front_each_time(redis: Redis) -> None:
    queues, waiting = Queues(redis, KEYS), open_queue(KEYS.requests, redis).key
    redis.rpush(waiting, *(KEYS.job("request_highlights", key(number), "00ff00ff") for number in range(12_000)))
    before = reads(redis)
    assert queues.waiting(received(3, 11_999, 12_000)) == received(3, 11_999)
    assert reads(redis) == before + 11  # ten pages, and all
    redis.rpush(waiting, KEYS.job("request_highlights", key(12_000), "00ff00ff"))
    assert queues.waiting(received(3, 11_999, 12_000)) == received(3, 11_999)
    assert reads(redis) == before + 12
    redis.lpop(waiting, 11_002)
    assert queues.waiting(received(3, 11_001, 11_999, 12_000)) == received(11_999, 12_000)
