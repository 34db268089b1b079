"""That the worker lives: of each of its parts a process writes so, by the name of what it does.

    <prefix>:beats    `<part>:<process>` by the time of its last beat; `<part>:` by the time at which one ended in peace

A process that waits for work writes between two waits, one that works before and after each step.

RQ's own list of workers does not do: whoever starts `rq worker` on our queues is in it, and does none of our jobs.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import Final

from redis import Redis

from integration.cases import scripts
from integration.cases.keys import Keys

EVERY_SECONDS: Final = 10.0  # at most
SILENT_SECONDS: Final = 45.0  # after which a part of the worker counts as gone: a step takes 20, a wait for one 25
BEATS_READ: Final = 1000  # the latest: of every process of some machines
SWEEPER, REQUESTS, NOTES = PARTS = ("sweeper", "requests", "notes")
_REMEMBERED: Final = 7 * 24 * 60 * 60
_TOLD_SECONDS: Final = 60 * 60.0  # between two times that Redis is told for how long

_BEAT: Final = scripts.load("beat")


class Heart:
    """One process's beats."""

    def __init__(self, redis: Redis, keys: Keys, part: str) -> None:
        self._redis, self._key, self._part = redis, keys.beats, part
        self._member = f"{part}:{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(3)}"
        self._last: float | None = None
        self._told: float | None = None

    def beat(self) -> None:
        """Show that this process lives, unless it did a moment ago; may raise `RedisError`."""
        now = time.monotonic()
        if self._last is not None and now - self._last < EVERY_SECONDS:
            return
        told = self._told is not None and now - self._told < _TOLD_SECONDS
        self._redis.eval(_BEAT, 1, self._key, self._member, "", "" if told else str(_REMEMBERED))
        self._last, self._told = now, self._told if told else now

    def stop(self) -> None:
        """Show that this process ends in peace; may raise `RedisError`."""
        self._redis.eval(_BEAT, 1, self._key, f"{self._part}:", self._member, str(_REMEMBERED))
        self._last = None


def alive(redis: Redis, keys: Keys) -> frozenset[str]:
    """The parts of which a process lives; may raise `RedisError`."""
    with redis.pipeline(transaction=False) as pipe:
        pipe.time()
        pipe.zrevrange(keys.beats, 0, BEATS_READ - 1, withscores=True)
        (now, _), beats = pipe.execute()
    return read(beats, now=now)[1]


def read(beats: list[tuple[bytes, float]], *, now: float) -> tuple[dict[str, float], frozenset[str]]:
    """When each part was last heard of, and the parts of which a process lives."""
    heard: dict[str, float] = {}
    alive = set()
    for member, at in beats:
        part, _, process = member.decode("utf-8", "replace").partition(":")
        heard[part] = max(at, heard.get(part, 0.0))
        if process and abs(now - at) < SILENT_SECONDS:  # a clock that was set back makes nobody alive
            alive.add(part)
    return heard, frozenset(alive)
