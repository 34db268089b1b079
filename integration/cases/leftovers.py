"""What RQ keeps of jobs whose worker was killed: the ledger has them done by another one, and here they are removed.

A job that a worker has taken is in RQ's list of taken jobs until it is done, which takes no longer than a job may. What
is found there at two looks, so far apart, will never be done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, cast

from redis import Redis
from rq.job import Job

from integration.cases.entry import JOB_SECONDS
from integration.cases.keys import Keys
from integration.cases.queues import open_queue

EVERY_SECONDS: Final = 3.0 * JOB_SECONDS


class Leftovers:
    """The jobs that were there at the last look. Raises `RedisError`."""

    def __init__(self, redis: Redis, keys: Keys, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis, self._keys, self._monotonic = redis, keys, monotonic
        self._lists = [open_queue(name, redis).intermediate_queue_key for name in keys.queues]
        self._seen: dict[str, set[bytes]] = {name: set() for name in self._lists}
        self._looked_at: float | None = None

    def drop(self) -> int:
        """Remove what was there before, unless the last look was a moment ago; how many jobs that were."""
        now = self._monotonic()
        if self._looked_at is not None and now - self._looked_at < EVERY_SECONDS:
            return 0
        self._looked_at = now
        return sum(map(self._drop, self._lists))

    def _drop(self, name: str) -> int:
        taken = set(cast("list[bytes]", self._redis.lrange(name, 0, -1)))
        left, self._seen[name] = taken & self._seen[name], taken
        if not left:
            return 0
        own = [job for job in left if self._keys.read_job(job.decode("utf-8", "replace")) is not None]
        with self._redis.pipeline(transaction=True) as pipe:
            for job in left:
                pipe.lrem(name, 0, job)  # type: ignore[arg-type]  # redis-py takes bytes, too
            for job in own:
                pipe.delete(Job.key_for(job.decode()))
            pipe.execute()
        return len(left)
