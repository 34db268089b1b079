"""`python -m benchmarks.references.floors`: the processor time that libraries take for what we need, as JSON.

Each is done many times in this process; the first ones, which load and connect, do not count.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import requests
from redis import Redis
from rq import Queue, SimpleWorker
from zenpy.lib.api_objects import Comment, Ticket

from benchmarks.references import zendesk

_TIMES, _FIRST = 200, 20
_NOTE = {"ticket": {"id": 7, "comment": {"html_body": "<p>A text</p>", "public": False}}}


def main() -> None:
    """Write the microseconds of each, by its name."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    session, client = requests.Session(), zendesk.connect()
    session.trust_env = False
    url = f"{os.environ['ZENDESK_URL']}/api/v2/tickets/7.json"

    def zenpy_note() -> None:
        client.tickets.update(Ticket(id=7, comment=Comment(html_body="<p>A text</p>", public=False)))

    floors: dict[str, Callable[[], object]] = {
        "a round trip of redis-py": redis.ping,
        "RQ's enqueue": lambda: Queue(connection=redis).enqueue("builtins.len", ()),
        "a note by requests, session kept": lambda: session.put(url, json=_NOTE, timeout=10),
        "a note by zenpy, client kept": zenpy_note,
        "a client of zenpy": zendesk.connect,
    }
    told = {name: _microseconds(work) for name, work in floors.items()}
    told["a job of SimpleWorker that does nothing"] = _job(redis)
    json.dump(told, sys.stdout)


def _microseconds(work: Callable[[], object]) -> float:
    for _ in range(_FIRST):
        work()
    began = time.process_time()
    for _ in range(_TIMES):
        work()
    return (time.process_time() - began) * 1e6 / _TIMES


def _job(redis: Redis) -> float:
    queue = Queue("floor", connection=redis)
    for _ in range(_TIMES):
        queue.enqueue("builtins.len", ())
    began = time.process_time()
    SimpleWorker([queue], connection=redis).work(burst=True, logging_level="WARNING")
    return (time.process_time() - began) * 1e6 / _TIMES


if __name__ == "__main__":
    main()
