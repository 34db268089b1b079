"""When the sweeper may rest, and how it is woken: a worker at rest asks Redis for next to nothing.

    <prefix>:due:resting    there while the sweeper rests: whatever is due before that time wakes it
    <prefix>:due:bell       one item when it was woken: the sweeper waits for it

It rests only while nothing can be under way, so that it is awake when a job's lease ends or Redis' clock jumps in the
middle of one. Whoever writes when a case is due rings the bell in the same step (`ring.lua`). Of several sweepers
one is woken, which is enough; one that was killed costs no more than the longest rest.
"""

from __future__ import annotations

from typing import Final, NamedTuple, cast

from redis import Redis

from integration.cases import scripts
from integration.cases.entry import JOB_SECONDS, Policy
from integration.cases.keys import Keys

LONGEST_SECONDS: Final = 25.0
_MARGIN_SECONDS: Final = 10.0

_REST: Final = scripts.load("rest")


class Rest(NamedTuple):
    """Redis' time, and the seconds for which the sweeper may rest then."""

    now: float
    seconds: float


class Bell:
    """Wakes the sweeper. Raises `RedisError`."""

    def __init__(self, redis: Redis, keys: Keys, policy: Policy) -> None:
        self._redis, self._keys = redis, keys
        # A claim's entry is due when its lease has ended, or when what was written last has settled.
        self._under_way = JOB_SECONDS + policy.settle + _MARGIN_SECONDS

    def rest(self, longest: float = LONGEST_SECONDS) -> Rest:
        """Ask for a rest of `longest` seconds at most."""
        keys = (self._keys.due, self._keys.resting, self._keys.bell)
        answer = self._redis.eval(_REST, len(keys), *keys, str(self._under_way), str(longest))
        now, seconds = cast("list[bytes]", answer)
        return Rest(float(now), float(seconds))

    def wait(self, seconds: float) -> bool:
        """Wait for the bell, so long at most; whether it was rung."""
        return self._redis.blpop([self._keys.bell], seconds) is not None
