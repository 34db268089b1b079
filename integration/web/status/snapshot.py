"""What the status page shows besides the overview: each function is one or two round trips, and bounded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast

from redis import Redis

from integration.cases import deliveries
from integration.cases.deliveries import Refusals
from integration.cases.entry import Entry, State
from integration.cases.keys import Keys
from integration.cases.reader import LedgerReader
from integration.web.status.figures import SERIES, WINDOWS, Flow, Waits, Window, sample, waits

SHOWN: Final = 50  # cases in a list
REFUSALS_SHOWN: Final = 12  # hours of a reason
_RUNS, _RUN_LENGTH = 20, 10  # of cases whose wait is looked at, for one window
_REASONS_LOOKED_AT: Final = 200  # failed cases whose reason is looked at


def flows(redis: Redis, keys: Keys, now: float) -> list[Flow]:
    """What came in and what ended in each window."""
    with redis.pipeline(transaction=False) as pipe:
        for window in WINDOWS:
            edges = window.edges(now)
            for state in SERIES.values():
                for begin, end in pairwise(edges):
                    pipe.zcount(_index(keys, state), f"({begin}", end)
        numbers = iter(pipe.execute())
    return [_flow(redis, keys, window, numbers) for window in WINDOWS]


@dataclass(frozen=True, kw_only=True)
class Missed:
    """How it stands with the cases that a service could not tell us of."""

    service: str
    looked_until: float | None  # all that were created before have been looked through
    trouble: str | None


def missed(redis: Redis, keys: Keys, *, recovered: Mapping[str, str]) -> list[Missed]:
    """What the last looks for missed cases left; `recovered` are the services that are looked at, by desk."""
    names = [name for desk in recovered for name in (keys.recovery_done_of(desk), keys.recovery_trouble_of(desk))]
    told = iter(cast("list[bytes | None]", redis.mget(names)) if names else [])
    return [
        Missed(
            service=service,
            looked_until=None if until is None else float(until),
            trouble=None if trouble is None else trouble.decode(),
        )
        for service, until, trouble in zip(recovered.values(), told, told, strict=True)
    ]


def refusals(redis: Redis, keys: Keys, *, endpoints: Collection[str]) -> list[Refusals]:
    """The latest deliveries that were refused."""
    with redis.pipeline(transaction=False) as pipe:
        deliveries.ask(pipe, keys, REFUSALS_SHOWN)
        return deliveries.listed(*pipe.execute(), endpoints=endpoints)


def _flow(redis: Redis, keys: Keys, window: Window, numbers: Iterable[int]) -> Flow:
    counts = {name: tuple(next(iter(numbers)) for _ in range(window.parts)) for name in SERIES}
    return Flow(window=window, counts=counts, waits=_waits(redis, keys, sum(counts["posted"])))


def _waits(redis: Redis, keys: Keys, posted: int) -> Waits | None:
    """How long the last `posted` cases waited for their note; of many, some that are spread evenly."""
    with redis.pipeline(transaction=False) as pipe:
        for first, last in sample(posted, runs=_RUNS, length=_RUN_LENGTH):
            pipe.zrange(_index(keys, State.POSTED), first, last, withscores=True)
        posts = [post for posts in pipe.execute() for post in posts]
    if not posts:
        return None
    came = redis.zmscore(keys.received, [case for case, _ in posts])
    return waits([at - float(since) for (_, at), since in zip(posts, came, strict=True) if since is not None])


def _index(keys: Keys, state: State | None) -> str:
    return keys.received if state is None else keys.state(state)


def latest(reader: LedgerReader, state: State | None) -> list[Entry]:
    """The cases that came last, or that came into a state last, newest first."""
    return reader.latest(SHOWN) if state is None else reader.latest_in(state, SHOWN)


def reasons(reader: LedgerReader, *, since: float) -> list[str]:
    """Why the latest failed cases failed."""
    failed = reader.latest_in_since(State.FAILED, since=since, count=_REASONS_LOOKED_AT)
    return [entry.reason or "no reason is known" for entry in failed]
