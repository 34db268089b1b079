"""What a Redis may have lost: when it crashes, or hands over to a replica, its latest writes; when it is emptied, all.

A desk was told then that we have the cases of the last moments, and tells of them no more. So it is written down
that the cases of that time have to be looked for, and recovery does.

    <prefix>:run             the run of Redis that was seen last, and how often its clock had jumped
    <prefix>:recover:lost    since when and until when the cases were created that may be lost (Unix seconds)

`recover:lost` is the time of which tickets are looked for, which were there first. Other desks get a copy of
it, `recover:lost:<desk>`, before that is done.

Another run is noticed before it is given a case, and by recovery; whoever is first writes it down. At the very first
start nothing is known of any run, which is taken for an emptied Redis. That look finds nothing and is soon done: our
trigger did not exist before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from redis import Redis

from integration.cases import scripts
from integration.cases.keys import Keys
from integration.facts import TICKETS, Stretch

_NOTICE, _LOOKED, _HAND_ON = map(scripts.load, ("notice", "looked", "hand_on"))


class LostWrites:
    """When the cases of a desk were created that Redis may have lost; `desks` are all. Raises `RedisError`."""

    def __init__(self, redis: Redis, keys: Keys, desk: str = TICKETS, *, desks: Iterable[str] = ()) -> None:
        self._redis = redis
        self._keys = keys
        self._others = [keys.recovery_lost_of(other) for other in desks if other != TICKETS]
        self._lost, self._done = keys.recovery_lost_of(desk), keys.recovery_done_of(desk)

    def notice(self) -> str:
        """Write down that Redis is another run, should it be; which run it is."""
        keys = self._keys
        names = (keys.received, keys.run, keys.recovery_lost, keys.recovery_done, keys.recovery_lock, keys.clock)
        run = cast("bytes", self._redis.eval(_NOTICE, len(names), *names)).decode()
        if self._others:
            self._redis.eval(_HAND_ON, 2 + len(self._others), keys.recovery_lost, keys.run, *self._others)
        return run

    def stretch(self) -> Stretch | None:
        """What has to be looked through, in whole seconds; None when nothing was lost, or all of it has been found."""
        since, until = cast("list[bytes | None]", self._redis.hmget(self._lost, ["since", "until"]))
        return None if since is None or until is None else Stretch(start=float(since), end=float(until))

    def looked(self, *, run: str, done: float | None, lost: Stretch | None, again_since: float | None) -> bool:
        """Write down that a look has ended; False, and nothing is written, when Redis is not `run` any more.

        `done`: up to when all missed cases have been looked for. `again_since`: since when the cases of `lost` have
        to be looked for once more; None when they need not be.
        """
        names = (self._keys.run, self._done, self._lost, self._keys.clock)
        was = ("", "") if lost is None else (f"{lost.start:.0f}", f"{lost.end:.0f}")
        written = (
            run,
            "" if done is None else f"{done:.3f}",
            *was,
            "" if again_since is None else f"{again_since:.0f}",
        )
        return bool(self._redis.eval(_LOOKED, len(names), *names, *written))
