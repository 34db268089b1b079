"""Which cases were merged into one that has no entry of its own, in the order in which they came there.

<prefix>:merged:<case>        their keys: of several of one person, the first brings its note along
"""

from __future__ import annotations

from typing import cast

from redis import Redis

from integration.cases.keys import Keys
from integration.facts import CaseKey


class Gathering:
    """Remembers for some seconds what went where."""

    def __init__(self, redis: Redis, *, keys: Keys, seconds: int) -> None:
        self._redis, self._keys, self._seconds = redis, keys, seconds

    def came_before(self, case: CaseKey, *, target: CaseKey) -> list[CaseKey]:
        """Remember that a case goes there; those that went before it. Of two at once, one is the first for both."""
        name = self._keys.merged(target)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.rpush(name, case)
            pipe.expire(name, self._seconds)
            pipe.lrange(name, 0, -1)
            listed = cast("list[bytes]", pipe.execute()[-1])
        known = [CaseKey(name.decode()) for name in listed]
        return list(dict.fromkeys(known[: known.index(case)]))

    def forget(self, case: CaseKey, *, target: CaseKey) -> None:
        """Erase that a case went there."""
        self._redis.lrem(self._keys.merged(target), 0, case)
