"""Our worker processes in Redis, told from others': RQ's lists of workers are shared by all programs that use it.

A worker of ours has the name of its queue and 32 hexadecimal digits. One of another program may listen on a queue of
ours: it takes our jobs, and cannot do them.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import cast

from redis import Redis
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from integration.keys import Keys


@dataclass(frozen=True, kw_only=True)
class Workers:
    """The living workers on our queues: how many of ours each has, and how many of others there are."""

    ours: dict[str, int]
    others: int


def new_name(queue: str) -> str:
    """A name for a new worker of ours."""
    return f"{queue}-{uuid.uuid4().hex}"


def look(redis: Redis, keys: Keys) -> Workers:
    """The workers that live now."""
    ours: dict[str, int] = {}
    others: set[str] = set()
    for queue in keys.queues:
        listed = cast("set[bytes]", redis.smembers(WORKERS_BY_QUEUE_KEY % queue))
        alive = {name.decode("utf-8", "replace") for name in listed if redis.exists(name)}
        own = {name for name in alive if re.fullmatch(rf"rq:worker:{re.escape(queue)}-[0-9a-f]{{32}}", name)}
        ours[queue] = len(own)
        others |= alive - own
    return Workers(ours=ours, others=len(others))
