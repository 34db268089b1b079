"""Knows our worker processes in Redis from others': all programs that use RQ share its lists of workers.

A worker of ours has the name of the queue that it takes from, or of both, and 32 hexadecimal digits. One of another
program may listen on a queue of ours: it takes our jobs, but cannot do them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import cast

from redis import Redis
from rq.worker_registration import WORKERS_BY_QUEUE_KEY

from integration.cases.keys import Keys


def new_name(keys: Keys, queues: Sequence[str]) -> str:
    """A name for a new worker of ours."""
    takes = queues[0] if len(queues) == 1 else f"{keys.prefix}-both"
    return f"{takes}-{uuid.uuid4().hex}"


def others(redis: Redis, keys: Keys) -> int:
    """How many living workers on our queues are not ours."""
    own = re.compile(rf"rq:worker:{re.escape(keys.prefix)}-(requests|notes|both)-[0-9a-f]{{32}}")
    strangers: set[str] = set()
    for queue in keys.queues:
        listed = cast("set[bytes]", redis.smembers(WORKERS_BY_QUEUE_KEY % queue))
        alive = {name.decode("utf-8", "replace") for name in listed if redis.exists(name)}
        strangers |= {name for name in alive if not own.fullmatch(name)}
    return len(strangers)
