"""Notices when Redis' clock jumps: leases and waits of before say nothing any more.

<prefix>:clock    how often it was seen to jump: with Redis' run id it names the run that an entry was written in
"""

from __future__ import annotations

from typing import Final

from redis import Redis

from integration.cases.keys import Keys

_JUMP_SECONDS: Final = 5.0  # that Redis' clock and ours may drift apart between two sweeps


class Clock:
    """Redis' clock, beside one of ours that never jumps."""

    def __init__(self, redis: Redis, keys: Keys) -> None:
        self._redis, self._keys = redis, keys
        self._ahead: tuple[float, float] | None = None  # of our clock, Redis' own: at least, at most

    def has_jumped(self, now: float, *, asked: float, answered: float) -> bool:
        """Whether it has jumped since the last look, which is written down then.

        `now` is what Redis said when it was asked, `asked` and `answered` when that was by a clock that never jumps.
        """
        ahead = (now - answered, now - asked)
        before, self._ahead = self._ahead, ahead
        if before is None or (before[0] - _JUMP_SECONDS <= ahead[1] and ahead[0] <= before[1] + _JUMP_SECONDS):
            return False
        self._redis.incr(self._keys.clock)
        return True
