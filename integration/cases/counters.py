"""What happened so far, counted for `/metrics` in one hash of Redis: right across all processes and machines.

    <prefix>:metrics     received               cases taken in                            (the ledger's script counts)
                         entered:<state>        how often a case entered a state          (likewise)
                         calls:<service>:<how>  requests to a remote service, by status, `unreachable` or `unanswered`
                         public                 notes of ours that came back public      (likewise)
                         refused:<door>:<reason>   deliveries refused            (integration.cases.deliveries)
                         step:<step>:<most>     steps that took up to `most` seconds, and longer than the one below
                         wait:<most>            cases that waited that long for their note
                         step:<step>:ms, wait:ms   all of them together, in milliseconds

Calls and steps are counted in this process first and written together when a step is over, with the entry that it
changes. Counting fails nothing: what cannot be written stays counted here until it can be, or is lost with the process.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from redis import Redis

from integration import calls
from integration.cases.keys import Keys

RECEIVED: Final = "received"
ENTERED: Final = "entered:"
PUBLIC_NOTES: Final = "public"
REFUSED: Final = "refused:"

STEP_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
WAIT_SECONDS: Final = (30.0, 60.0, 120.0, 180.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 86400.0)
_LONGER: Final = "+Inf"

_counts: Counter[str] = Counter()  # of this process


def count(fields: Mapping[str, int]) -> None:
    """Count in this process, until it is written."""
    _counts.update(fields)


def count_step(step: str, seconds: float) -> None:
    """Count a step of a case and the time it took."""
    count(_observed(f"step:{step}", STEP_SECONDS, seconds))


def waited(seconds: float) -> Mapping[str, int]:
    """What counts a case and the time it waited for its note."""
    return _observed("wait", WAIT_SECONDS, seconds)


class Unwritten(NamedTuple):
    """What this process has counted, until it is written."""

    own: Mapping[str, int]
    made: Mapping[tuple[str, str], int]

    def items(self) -> list[tuple[str, int]]:
        """The fields of the hash, and how much is added to each."""
        return [*self.own.items(), *((f"calls:{service}:{how}", count) for (service, how), count in self.made.items())]


def unwritten() -> Unwritten:
    """What this process has counted."""
    return Unwritten(own=dict(_counts), made=dict(calls.made))


def take_out(written: Unwritten) -> None:
    """Count it no more: it was written. What was counted meanwhile stays."""
    _subtract(_counts, written.own)
    _subtract(calls.made, written.made)


def write(redis: Redis, keys: Keys) -> None:
    """Add what this process counted to what Redis holds; `RedisError` when that cannot be done now."""
    counted = unwritten()
    if not counted.items():
        return
    with redis.pipeline(transaction=True) as pipe:
        for name, count in counted.items():
            pipe.hincrby(keys.metrics, name, count)
        pipe.execute()
    take_out(counted)


def _subtract(counts: Counter[Any], written: Mapping[Any, int]) -> None:
    counts.subtract(written)
    for name in [name for name, left in counts.items() if left == 0]:
        del counts[name]


def _observed(name: str, bounds: tuple[float, ...], seconds: float) -> Mapping[str, int]:
    at = bisect.bisect_left(bounds, seconds)
    most = str(bounds[at]) if at < len(bounds) else _LONGER
    return {f"{name}:{most}": 1, f"{name}:ms": max(round(seconds * 1000), 0)}


# -- Read again


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """How many took up to each bound (the last one is infinite), each with those below it; and their sum in seconds."""

    buckets: tuple[tuple[str, int], ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Everything that was counted."""

    received: int
    public_notes: int
    entered: Mapping[str, int]  # by state
    calls: Mapping[tuple[str, str], int]  # by service and status
    steps: Mapping[str, Histogram]  # by step
    wait: Histogram


def read(stored: Mapping[bytes, bytes]) -> Counted:
    """What the hash holds; a field of a newer release is passed over."""
    counts = {name.decode("utf-8", "replace"): int(value) for name, value in stored.items()}
    fields = {name: name.split(":") for name in counts}
    return Counted(
        received=counts.get(RECEIVED, 0),
        public_notes=counts.get(PUBLIC_NOTES, 0),
        entered={words[1]: counts[name] for name, words in fields.items() if _is(words, "entered", 2)},
        calls={(words[1], words[2]): counts[name] for name, words in fields.items() if _is(words, "calls", 3)},
        steps={
            step: _histogram(counts, f"step:{step}", STEP_SECONDS)
            for step in sorted({words[1] for words in fields.values() if _is(words, "step", 3)})
        },
        wait=_histogram(counts, "wait", WAIT_SECONDS),
    )


def _is(words: list[str], kind: str, length: int) -> bool:
    return words[0] == kind and len(words) == length


def _histogram(counts: Mapping[str, int], name: str, bounds: tuple[float, ...]) -> Histogram:
    buckets, so_far = [], 0
    for most in (*map(str, bounds), _LONGER):
        so_far += counts.get(f"{name}:{most}", 0)
        buckets.append((most, so_far))
    return Histogram(buckets=tuple(buckets), seconds=counts.get(f"{name}:ms", 0) / 1000)
