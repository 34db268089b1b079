"""Redis' files: what was erased stays in them until Redis rewrites them.

The append-only file holds every command of old, a snapshot the data of its time. Both are written anew at once, where
the server lets us; a rewriting that was under way already may have begun before the erasing, so it is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from redis import Redis
from redis.exceptions import ResponseError

LONGEST_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.1
_WRITING: Final = ("aof_rewrite_in_progress", "aof_rewrite_scheduled", "rdb_bgsave_in_progress")
_AGAIN: Final = "Run the same command again later, to be sure."


@dataclass(frozen=True, kw_only=True)
class Cleaned:
    """What came of it: `failed` when the files should have been written anew and were not; `told` is for the admin."""

    failed: bool = False
    told: tuple[str, ...] = ()


class _LateError(Exception):
    """Redis takes too long."""


def clean(redis: Redis, *, seconds: float = LONGEST_SECONDS) -> Cleaned:
    """Have Redis write its files anew, and wait until it has, but no longer than `seconds`."""
    try:
        info = _info(redis)
    except ResponseError:
        unknown = "Redis does not say how it keeps its data: what was erased stays in its files, if it has any, "
        return Cleaned(told=(f"{unknown}until it writes them anew.",))
    end = time.monotonic() + seconds
    done = []
    if info.get("aof_enabled"):
        done.append(_write_anew(redis, redis.bgrewriteaof, "append-only file", "aof_last_bgrewrite_status", end=end))
    if _has_snapshots(redis, info):
        done.append(_write_anew(redis, redis.bgsave, "snapshot", "rdb_last_bgsave_status", end=end))
    return Cleaned(failed=any(file.failed for file in done), told=tuple(line for file in done for line in file.told))


def _write_anew(redis: Redis, start: Callable[[], Any], what: str, status: str, *, end: float) -> Cleaned:
    """Have one file written anew; the field `status` of Redis' own account tells how that went."""
    try:
        while not _started(redis, start, end=end):
            pass
        written = _when_quiet(redis, end).get(status) == "ok"
    except ResponseError as error:
        return Cleaned(told=(_refused(what, str(error)),))
    except _LateError:
        late = f"Redis has not written its {what} anew yet. Until it has, what was erased is in the old one. {_AGAIN}"
        return Cleaned(failed=True, told=(late,))
    if not written:
        return Cleaned(
            failed=True,
            told=(f"Redis could not write its {what} anew: what was erased is still in it. See its log. {_AGAIN}",),
        )
    return Cleaned(told=(f"Redis wrote its {what} anew: what was erased is no longer in it.",))


def _started(redis: Redis, start: Callable[[], Any], *, end: float) -> bool:
    """Begin once nothing is written any more; false when another client was faster."""
    _when_quiet(redis, end)
    try:
        start()
    except ResponseError as error:
        if "in progress" not in str(error):
            raise
        return False
    return True


def _when_quiet(redis: Redis, end: float) -> dict[str, Any]:
    """Wait until Redis is rewriting no file, and has no rewrite scheduled."""
    while True:
        info = _info(redis)
        if not any(info.get(name) for name in _WRITING):
            return info
        if time.monotonic() > end:
            raise _LateError
        time.sleep(_LOOK_SECONDS)


def _has_snapshots(redis: Redis, info: dict[str, Any]) -> bool:
    """Whether Redis writes snapshots, or has written one since it started."""
    if info.get("rdb_saves") or info.get("rdb_last_bgsave_time_sec", -1) != -1:
        return True
    try:
        return bool(cast("dict[str, str]", redis.config_get("save")).get("save"))
    except ResponseError:
        return False


def _refused(what: str, reason: str) -> str:
    """What to say when Redis, as some providers do, keeps this command for itself."""
    return (
        f"Redis does not let us write its {what} anew ({reason[:100]}): what was erased stays in it until Redis, or "
        "its provider, writes it anew. The README tells more, under Limits and privacy."
    )


def _info(redis: Redis) -> dict[str, Any]:
    return redis.info("persistence")
