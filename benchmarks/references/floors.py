"""`python -m benchmarks.references.floors`: the processor time that libraries take for what we need, as JSON.

Each is done many times in this process; the first ones, which load and connect, do not count.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import nh3
import requests
from markdown_it import MarkdownIt
from redis import Redis
from rq import Queue, SimpleWorker
from zenpy.lib.api_objects import Comment, Ticket

from benchmarks.references import zendesk

_TIMES, _FIRST = 200, 20
_ROUND_TRIPS = 6  # of a worker for a case: each of two steps is taken, claimed and written
_TEXT = "The shopper [fills a cart](https://app.logrocket.com/acme/shop/s/5-1/0?t=1715564734801), **twice**.\n\n" * 4
_NOTE = {"ticket": {"id": 7, "comment": {"html_body": "<p>A text</p>", "public": False}}}


def main() -> None:
    """Write the microseconds of each, by its name."""
    redis = Redis.from_url(os.environ["REDIS_URL"])
    session, client, markdown = requests.Session(), zendesk.connect(), MarkdownIt()
    session.trust_env = False
    url = f"{os.environ['ZENDESK_URL']}/api/v2/tickets/7.json"
    highlights = f"{os.environ['LOGROCKET_API_URL']}/v1/orgs/acme/apps/shop/highlights/"

    def zenpy_note() -> None:
        client.tickets.update(Ticket(id=7, comment=Comment(html_body="<p>A text</p>", public=False)))

    def case() -> None:
        for _ in range(_ROUND_TRIPS):
            redis.ping()
        session.get(url, timeout=10).json()
        session.post(highlights, json={"webhookURL": "http://127.0.0.1/"}, timeout=10).json()
        nh3.clean(markdown.render(_TEXT))
        zenpy_note()

    floors: dict[str, Callable[[], object]] = {
        "a round trip of redis-py": redis.ping,
        "RQ's enqueue": lambda: Queue(connection=redis).enqueue("builtins.len", ()),
        "a note by requests, session kept": lambda: session.put(url, json=_NOTE, timeout=10),
        "a note by zenpy, client kept": zenpy_note,
        "a client of zenpy": zendesk.connect,
        "a worker's part of a case: three requests, the note by zenpy, six round trips, a text": case,
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
