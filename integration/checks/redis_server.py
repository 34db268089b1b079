"""Checks of Redis: whether it answers, takes writes and keeps them, and whether a worker takes jobs from it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from typing import Any, Final, cast

from redis import Redis
from redis.exceptions import (
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from integration.cases import heartbeats, owner, redis_trouble, scripts, workers
from integration.cases.keys import Keys
from integration.cases.redis_trouble import PERMISSIONS
from integration.findings import Result, failure, ok, skipped, warning
from integration.settings import Settings

REDIS, OWNER, WRITES, PERSISTENCE, EVICTION = (
    "Redis",
    "Redis keys",
    "Redis writes",
    "Redis persistence",
    "Redis eviction",
)
CLOCK, WORKER = "Redis clock", "worker"
OLDEST: Final = (6, 2)
SKEW_SECONDS: Final = 60.0
_NEARLY_FULL: Final = 0.8
_TRY_TO_WRITE: Final = scripts.load("try_to_write")
_NO_CLUSTER: Final = "Take a Redis without cluster mode: a single primary, with replicas or not."


def of_redis(settings: Settings, redis: Redis, *, clock: Callable[[], float]) -> Iterator[Result]:
    """Every check of Redis, in order: what needs an answer is skipped once there was none."""
    checks: dict[str, Callable[[], Result]] = {
        REDIS: lambda: answers(redis),
        OWNER: lambda: owned(redis, settings),
        WRITES: lambda: writes(redis, settings.keys),
        PERSISTENCE: lambda: persistence(redis),
        EVICTION: lambda: eviction(redis),
        CLOCK: lambda: clock_skew(redis, clock),
        WORKER: lambda: worker(redis, settings.keys),
    }
    reached = True
    for name, check in checks.items():
        try:
            result = check() if reached else skipped(name, "Redis could not be asked")
        except NoPermissionError:
            result = skipped(name, "the user of REDIS_URL may not ask for it", PERMISSIONS)
        except RedisError as error:
            reached, result = False, failure(name, *redis_trouble.in_words(error, settings))
        yield result


def answers(redis: Redis) -> Result:
    """Whether Redis answers, and which it is."""
    try:
        redis.ping()
    except NoPermissionError:
        return failure(REDIS, "answers, but its user may not do anything", PERMISSIONS)
    try:
        info = _info(redis, "server")
    except ResponseError:
        fix = "Its version has to be 6.2 or later: look it up with whoever runs it."
        return warning(REDIS, "answers, but does not say which version it is", fix)
    spoken = str(info.get("redis_version", ""))
    valkey = info.get("valkey_version")
    told = f"Valkey {valkey}" if valkey else f"Redis {spoken}"
    if "cluster" in (info.get("redis_mode"), info.get("server_mode")):
        return failure(
            REDIS, f"{told} is in cluster mode, which cannot write an entry and its job in one step", _NO_CLUSTER
        )
    version = re.match(r"([0-9]{1,6})\.([0-9]{1,6})", spoken)
    if version is None:
        return warning(REDIS, "answers, but its version cannot be read", "It has to be 6.2 or later.")
    if (int(version[1]), int(version[2])) < OLDEST:
        return failure(REDIS, f"{told} is too old", "Take Redis 6.2 or later, or Valkey.")
    return ok(REDIS, f"answers, {told}")


def owned(redis: Redis, settings: Settings) -> Result:
    """Whether the keys are ours, or will be. It reads one key alone: a Redis that is not ours is asked no more."""
    own = settings.account
    try:
        present_owner = cast("bytes | None", redis.get(settings.keys.owner))
    except ResponseError as error:
        if owner.speaks_of_a_cluster(error):
            return skipped(OWNER, "cannot be checked in cluster mode", _NO_CLUSTER)
        raise
    if present_owner is None:
        return ok(OWNER, f"{settings.key_prefix}:* belongs to no installation yet, and will belong to this one ({own})")
    if not owner.is_same(own, present_owner):
        why, _, fix = owner.of_another(settings.keys, own, present_owner).partition(": ")
        return failure(OWNER, why, f"{fix[0].upper()}{fix[1:]}.")
    return ok(OWNER, f"{settings.key_prefix}:* is this installation's ({own})")


def writes(redis: Redis, keys: Keys) -> Result:
    """Whether the ledger can write: scripts, on its own keys and on those of RQ."""
    name, chance = WRITES, secrets.token_hex(8)
    tried = [keys.check(chance), f"rq:check:{chance}"]
    try:
        with redis.pipeline(transaction=True) as pipe:
            pipe.eval(_TRY_TO_WRITE, len(tried), *tried)
            pipe.execute()
    except ReadOnlyError:
        return failure(name, "this is a read-only replica", "Let REDIS_URL lead to the primary.")
    except OutOfMemoryError:
        fix = "Take a larger plan, or raise maxmemory; a lower RETENTION_DAYS needs less."
        return failure(name, "its memory is full: no ticket can be written down", fix)
    except NoPermissionError:
        return failure(name, "its user may not write all that is needed", PERMISSIONS)
    except ResponseError as error:
        if owner.speaks_of_a_cluster(error):
            return failure(
                name, "it is in cluster mode, which cannot write an entry and its job in one step", _NO_CLUSTER
            )
        why = "it cannot write to its disk" if "MISCONF" in str(error) else "it refuses to write"
        return failure(name, why, "See the log of the Redis server, and the room on its disk.")
    return ok(name, "the ledger can be written")


def persistence(redis: Redis) -> Result:
    """Whether the data in Redis survives a restart."""
    name = PERSISTENCE
    try:
        info = _info(redis, "persistence")
    except ResponseError:
        return skipped(name, "Redis does not say whether its data survives a restart", "Ask whoever runs it.")
    if info.get("aof_enabled") == 1:
        if info.get("aof_last_write_status") not in (None, "ok"):
            return failure(name, "the last write to its file failed", "See the room on the disk of the Redis server.")
        return ok(name, "append-only file")
    saves = _config(redis, "save")
    if saves is None:
        fix = "Ask whoever runs it whether its data survives a restart; best is appendonly yes."
        return warning(name, "no append-only file, and Redis does not say whether it makes snapshots", fix)
    lost = "the tickets that wait are lost, and what was posted is forgotten"
    fix = "Set appendonly yes, or take a plan whose data survives a restart."
    if not saves:
        return warning(name, f"none: when Redis restarts, {lost}", fix)
    return warning(name, "snapshots alone: when Redis crashes, the tickets since the last one are lost", fix)


def eviction(redis: Redis) -> Result:
    """Whether Redis evicts: then it deletes tickets when its memory is full."""
    name, fix = EVICTION, "Set maxmemory-policy noeviction, or take a plan that has it."
    try:
        memory = _info(redis, "memory")
    except ResponseError:
        memory = {}
    policy = _config(redis, "maxmemory-policy") or memory.get("maxmemory_policy")
    if not isinstance(policy, str) or not re.fullmatch(r"[a-z-]{1,40}", policy):
        return warning(name, "Redis does not say what its maxmemory-policy is", f"It has to be noeviction. {fix}")
    if policy != "noeviction":
        return failure(name, f"maxmemory-policy is {policy}: it deletes tickets when its memory is full", fix)
    most, used = memory.get("maxmemory"), memory.get("used_memory")
    if isinstance(most, int) and isinstance(used, int) and most and used > most * _NEARLY_FULL:
        room = "Take a larger plan, or raise maxmemory; a lower RETENTION_DAYS needs less."
        return warning(name, f"noeviction; {used / most:.0%} of its memory is used: full, it takes no ticket", room)
    return ok(name, "noeviction")


def clock_skew(redis: Redis, clock: Callable[[], float]) -> Result:
    """Whether Redis' clock and ours agree. The ledger uses Redis' alone, but people compare times of both."""
    before = clock()
    seconds, micros = redis.time()
    ahead = seconds + micros / 1e6 - (before + clock()) / 2
    if abs(ahead) > SKEW_SECONDS:
        skew = f"Redis is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} this machine"
        return warning("Redis clock", skew, "Have both machines set their clocks by NTP: the times on the page differ.")
    return ok(CLOCK, f"within {max(abs(ahead), 0.1):.1f} s of this machine's")


def worker(redis: Redis, keys: Keys) -> Result:
    """Whether a worker of ours is running: a platform may start the web process alone."""
    alive = heartbeats.alive(redis, keys)
    fix = "Start `python -m worker` (on Heroku: heroku ps:scale worker=1)."
    other = workers.others(redis, keys)
    others = f"{_processes(other)} of another program" if other else ""
    if not alive:
        but = f" ({others} on our queues cannot do their jobs)" if others else ""
        return warning(WORKER, f"no worker runs: tickets are taken in, and wait{but}", fix)
    if missing := [part for part in heartbeats.PARTS if part not in alive]:
        return warning(WORKER, f"no process of the worker does its part: {' and '.join(missing)}; tickets wait", fix)
    if others:
        told = f"{others} on our queues takes jobs that it cannot do, and holds up tickets"
        return warning(WORKER, told, f"Let it listen on other queues than {' and '.join(keys.queues)}.")
    return ok(WORKER, "at work")


def _processes(count: int) -> str:
    return f"{count} {'process' if count == 1 else 'processes'}"


def _info(redis: Redis, section: str) -> dict[str, Any]:
    return redis.info(section)


def _config(redis: Redis, name: str) -> str | None:
    """A value of Redis' configuration; None when Redis does not say, as some managed ones do not."""
    try:
        values = cast("dict[str, str]", redis.config_get(name))
    except ResponseError:
        return None
    return values.get(name)
