"""Slows down guessing of the password, per address and for all addresses together; kept in Redis.

Some wrong passwords are free: WRONG_FROM_ONE from an address, WRONG_FROM_ALL from all addresses. After that nobody is
locked out, but guessing is slow: one try per turn is looked at, right or wrong, and all others are refused unseen. A
right one may have to wait a second for its turn. Whoever got in before is slowed down by their own wrong passwords
alone, not by those of others: they have a cookie, or come from an address that is known for KNOWN_DAYS.

A client is remembered as a hash. Strangers share 4096 counters, so that they cannot fill Redis.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import limits
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis

from integration import lua
from integration.cases.keys import Keys

WRONG_FROM_ONE: Final = limits.parse("10 per 5 minutes")
WRONG_FROM_ALL: Final = limits.parse("100 per 5 minutes")
ONE_TURN_MS: Final = 1000  # between two tries of one client that are looked at,
ALL_TURN_MS: Final = 500  # and from all together: 172,800 a day
PATIENCE_MS: Final = 1000  # how long a try waits for its turn
KNOWN_DAYS: Final = 30
_ALL: Final = "all"
_TAKE_TURN: Final = lua.load(Path(__file__).parent, "take_turn")


class TooManyGuesses(Exception):
    """No password of this client is looked at now; after `seconds` the next one may be."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class Guesser:
    """Who tries a password: the name of the counter of their wrong ones, and whether they got in before."""

    counter: str
    known: bool


class Guesses:
    """Decides whose password is looked at, and when."""

    def __init__(self, redis: Redis, keys: Keys, *, sleep: Callable[[float], None] = time.sleep) -> None:
        storage = RedisStorage("redis://", connection_pool=redis.connection_pool, key_prefix=keys.wrong_passwords)
        self._limiter = FixedWindowRateLimiter(storage)
        self._redis, self._keys, self._sleep = redis, keys, sleep
        self._take_turn = redis.register_script(_TAKE_TURN)

    def judge(self, who: Guesser, *, right: bool) -> bool:
        """Whether the password was right; `TooManyGuesses` when it is not looked at, or was wrong after too many."""
        if self._is_free(who, right=right):
            return right
        self._await_turn(who)
        if not right:
            raise TooManyGuesses(math.ceil(ONE_TURN_MS / 1000))
        return True

    def is_known(self, address: str) -> bool:
        """Whether somebody with this (hashed) address got in of late."""
        return bool(self._redis.exists(self._keys.let_in(address)))

    def know(self, address: str) -> None:
        """Somebody with this (hashed) address got in."""
        self._redis.set(self._keys.let_in(address), 1, ex=KNOWN_DAYS * 24 * 60 * 60)

    def _is_free(self, who: Guesser, *, right: bool) -> bool:
        """Whether this try is one of those that need no turn; a wrong one is counted."""
        ask = self._limiter.test if right else self._limiter.hit
        return ask(WRONG_FROM_ONE, who.counter) and (who.known or ask(WRONG_FROM_ALL, _ALL))

    def _await_turn(self, who: Guesser) -> None:
        lines = {who.counter: ONE_TURN_MS} if who.known else {who.counter: ONE_TURN_MS, _ALL: ALL_TURN_MS}
        keys = [f"{self._keys.wrong_passwords}:turn:{line}" for line in lines]
        wait = cast("int", self._take_turn(keys=keys, args=[*lines.values(), PATIENCE_MS]))
        if wait < 0:
            raise TooManyGuesses(math.ceil(-wait / 1000))
        self._sleep(wait / 1000)
