"""What the status page shows, read from Redis: each function is one or two round trips, and bounded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, cast

from redis import Redis

from integration.cases import deliveries
from integration.cases import entry as entries
from integration.cases.deliveries import Refusals
from integration.cases.entry import FINAL, Entry, NewerEntryError, State
from integration.cases.keys import Keys
from integration.cases.lanes import Hold, Outlook
from integration.cases.ledger import Ledger
from integration.web.status.figures import SERIES, WINDOWS, Flow, Waits, Window, sample, waits

SHOWN: Final = 50  # tickets in a list
REFUSALS_SHOWN: Final = 12  # hours of a reason
_WAITS_LOOKED_AT: Final = 500  # tickets whose wait is looked at, for one window
_REASONS_LOOKED_AT: Final = 200  # failed tickets whose reason is looked at
_HOUR: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Queue:
    """The tickets in a state that is not the end: how many, and since when the first of them waits."""

    state: State
    number: int
    since: float | None


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Where the tickets are, and what the lanes let through, at one moment. Times are Unix seconds of Redis' clock."""

    now: float
    counts: dict[State, int]
    queues: tuple[Queue, ...]
    outlook: Outlook
    holds: dict[str, Hold]
    asked: int  # requests for highlights in the last hour

    @property
    def waiting(self) -> int:
        """How many tickets are not at their end."""
        return sum(queue.number for queue in self.queues)

    @property
    def failed(self) -> int:
        """How many have failed."""
        return self.counts[State.FAILED]


def take(ledger: Ledger, redis: Redis) -> Snapshot:
    """Where the tickets are now."""
    outlook = ledger.lanes.outlook()
    counts = ledger.counts()
    waiting = [state for state in State if state not in FINAL]
    with redis.pipeline(transaction=False) as pipe:
        for state in waiting:
            pipe.zrange(ledger.keys.state(state), 0, 0, withscores=True)
        pipe.zcount(ledger.keys.asked, outlook.now - _HOUR, "+inf")
        *first, asked = pipe.execute()
    return Snapshot(
        now=outlook.now,
        counts=counts,
        queues=tuple(
            Queue(state=state, number=counts[state], since=oldest[0][1] if oldest else None)
            for state, oldest in zip(waiting, first, strict=True)
        ),
        outlook=outlook,
        holds={hold.service: hold for hold in ledger.lanes.holds()},
        asked=asked,
    )


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
    """How it stands with the tickets that a service could not tell us of."""

    service: str
    looked_until: float | None  # all that were created before have been looked through
    trouble: str | None


def missed(redis: Redis, keys: Keys, *, recovered: Mapping[str, str]) -> list[Missed]:
    """What the last looks for missed tickets left; `recovered` are the services that are looked at, by desk."""
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
    """How long the last `posted` tickets waited for their note; of many, some that are spread evenly."""
    with redis.pipeline(transaction=False) as pipe:
        for rank in sample(posted, _WAITS_LOOKED_AT):
            pipe.zrange(_index(keys, State.POSTED), rank, rank, withscores=True)
        posts = [post for posts in pipe.execute() for post in posts]
    if not posts:
        return None
    came = redis.zmscore(keys.received, [ticket for ticket, _ in posts])
    return waits([at - float(since) for (_, at), since in zip(posts, came, strict=True) if since is not None])


def _index(keys: Keys, state: State | None) -> str:
    return keys.received if state is None else keys.state(state)


def latest_in(redis: Redis, keys: Keys, state: State) -> list[Entry]:
    """The tickets that came into a state last, newest first."""
    return _look_up(redis, keys, cast("list[bytes]", redis.zrevrange(_index(keys, state), 0, SHOWN - 1)))


def reasons(redis: Redis, keys: Keys, *, since: float) -> list[str]:
    """Why the latest failed tickets failed."""
    ids = redis.zrange(
        _index(keys, State.FAILED), "+inf", since, desc=True, byscore=True, offset=0, num=_REASONS_LOOKED_AT
    )
    return [entry.reason or "no reason is known" for entry in _look_up(redis, keys, cast("list[bytes]", ids))]


def _look_up(redis: Redis, keys: Keys, ids: Sequence[bytes]) -> list[Entry]:
    """The entries of tickets; those that are gone, or that a newer release wrote, are left out."""
    if not ids:
        return []
    there = []
    for document in cast("list[bytes | None]", redis.mget([keys.case(case.decode()) for case in ids])):
        try:
            there += [] if document is None else [entries.load(document)]
        except NewerEntryError:
            continue
    return there
