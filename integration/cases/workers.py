"""Knows our worker processes in Redis from others': all programs that use RQ share its lists of workers.

A worker of ours has the name of its queue and 32 hexadecimal digits. One of another program may listen on a queue of
ours: it takes our jobs, but cannot do them.
"""

from __future__ import annotations

import re
import uuid
from typing import cast

from redis import Redis
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from integration.cases.keys import Keys


def new_name(queue: str) -> str:
    """A name for a new worker of ours."""
    return f"{queue}-{uuid.uuid4().hex}"


def others(redis: Redis, keys: Keys) -> int:
    """How many living workers on our queues are not ours."""
    strangers: set[str] = set()
    for queue in keys.queues:
        listed = cast("set[bytes]", redis.smembers(WORKERS_BY_QUEUE_KEY % queue))
        alive = {name.decode("utf-8", "replace") for name in listed if redis.exists(name)}
        strangers |= {name for name in alive if not re.fullmatch(rf"rq:worker:{re.escape(queue)}-[0-9a-f]{{32}}", name)}
    return len(strangers)
