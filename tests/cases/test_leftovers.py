"""What RQ keeps of the jobs of killed workers is removed, and nothing of those that run."""

from __future__ import annotations

from itertools import count
from typing import Any

from redis import Redis

from integration.cases.keys import DEFAULT_PREFIX, Keys
from integration.cases.leftovers import EVERY_SECONDS, Leftovers
from integration.cases.queues import open_queue
from tests.tickets import key

KEYS = Keys(DEFAULT_PREFIX)


def take(redis: Redis, ticket: int, *, queue: str = KEYS.notes) -> str:
    """A job that a worker has taken; its id."""
    job_id = KEYS.job("post_note", key(ticket), f"{ticket:08x}")
    redis.hset(f"rq:job:{job_id}", "origin", queue)
    redis.rpush(open_queue(queue, redis).intermediate_queue_key, job_id)
    return job_id


def taken(redis: Redis) -> list[Any]:
    return [
        job for queue in KEYS.queues for job in redis.lrange(open_queue(queue, redis).intermediate_queue_key, 0, -1)
    ]


def test_a_job_that_is_there_at_two_looks_is_removed(redis: Redis) -> None:
    leftovers = Leftovers(redis, KEYS, monotonic=count(step=EVERY_SECONDS).__next__)
    for number, queue in enumerate(KEYS.queues):
        take(redis, number, queue=queue)
    assert leftovers.drop() == 0
    running = take(redis, 7)
    assert leftovers.drop() == 2
    assert taken(redis) == [running.encode()]
    assert redis.keys("rq:job:*") == [f"rq:job:{running}".encode()]


def test_looks_are_further_apart_than_a_job_can_take(redis: Redis) -> None:
    leftovers = Leftovers(redis, KEYS, monotonic=count(step=EVERY_SECONDS / 2).__next__)
    running = take(redis, 1)
    assert [leftovers.drop() for _ in range(2)] == [0, 0]
    assert taken(redis) == [running.encode()]
    assert leftovers.drop() == 1


def test_what_is_no_job_of_ours_is_taken_from_the_list_and_left_alone_elsewhere(redis: Redis) -> None:
    leftovers = Leftovers(redis, KEYS, monotonic=count(step=EVERY_SECONDS).__next__)
    redis.rpush(open_queue(KEYS.notes, redis).intermediate_queue_key, b"\xff", "theirs-7-ab")
    redis.set("rq:job:theirs-7-ab", "1")
    leftovers.drop()
    assert leftovers.drop() == 2
    assert taken(redis) == []
    assert redis.exists("rq:job:theirs-7-ab")
