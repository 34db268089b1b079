"""What RQ keeps of a ticket's jobs is erased with the ticket, wherever it is; of other tickets' jobs nothing is."""

from __future__ import annotations

from typing import Any

from redis import Redis
from rq.registry import StartedJobRegistry

from integration.cases.entry import State
from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.queues import Queues, open_queue
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


def test_a_long_queue_is_read_now_and_then_and_a_short_one_each_time(redis: Redis) -> None:
    queues, waiting = Queues(redis, KEYS), open_queue(KEYS.requests, redis).key
    queue_many(redis, 1001)
    assert len(queues.waiting()) == 1001
    redis.rpush(waiting, KEYS.job("request_highlights", key(5000), "00ff00ff"))
    before = redis.info("commandstats")["cmdstat_lrange"]["calls"]
    assert len(queues.waiting()) == 1001
    assert redis.info("commandstats")["cmdstat_lrange"]["calls"] == before + 1  # of the other one
    redis.ltrim(waiting, 0, 9)
    assert len(queues.waiting()) == 10
    redis.ltrim(waiting, 0, 4)
    assert len(queues.waiting()) == 5
