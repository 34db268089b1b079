"""What is in the ledger: each method is one round trip or two, and changes nothing.

An entry that a newer release wrote is left out of lists, and told apart where a case is looked for by its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, cast

from redis import Redis
from redis.exceptions import ResponseError

from integration.cases import stored
from integration.cases.entry import Entry, State
from integration.cases.keys import Keys
from integration.cases.pseudonym import Pseudonyms, Whose
from integration.cases.queues import Queues
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey

_AT_ONCE: Final = 1000  # entries that a look through all of them reads together


@dataclass(frozen=True, kw_only=True)
class Indexed:
    """A case that an index names; `entry` is None when it is gone or `newer` than this release."""

    key: CaseKey
    entry: Entry | None
    newer: bool = False


@dataclass(frozen=True, kw_only=True)
class PublicNote:
    """A case whose note customers can read, or could; `entry` is None when it is gone or a newer release wrote it."""

    key: CaseKey
    since: float  # when that was noticed
    entry: Entry | None

    @property
    def still(self) -> bool | None:
        """Whether they can now; None when that is not known any more."""
        return None if self.entry is None else self.entry.note.public_id is not None


@dataclass(frozen=True, kw_only=True)
class PublicNotes:
    """The notes that customers can read, or could, as far as no admin has seen it: the latest, and how many in all."""

    latest: tuple[PublicNote, ...]
    number: int


class LedgerReader:
    """Tells which cases there are, and how each stands."""

    def __init__(self, redis: Redis, *, keys: Keys, queues: Queues, pseudonyms: Pseudonyms) -> None:
        self._redis = redis
        self._keys = keys
        self._pseudonyms = pseudonyms
        self._queues = queues

    def now(self) -> float:
        """Redis' time."""
        return now(self._redis)

    # -- One case

    def find(self, key: CaseKey) -> Entry | None:
        """The entry of a case; `NewerEntryError` when a newer release wrote it."""
        document = cast("bytes | None", self._redis.get(self._keys.case(key)))
        return None if document is None else stored.load(document, key)

    def cases_of(self, email: str) -> Iterator[tuple[bytes, Whose]]:
        """What every entry is stored under, and whether it is of this address."""
        search = self._pseudonyms.search(email)
        names = self._redis.scan_iter(match=self._keys.case("*"), count=_AT_ONCE)
        while part := list(islice(names, _AT_ONCE)):
            for name, document in zip(part, cast("list[bytes | None]", self._redis.mget(part)), strict=True):
                read = self._read(name) if document is None else document
                if read is not None:
                    yield name, search.whose(read)

    def _read(self, name: bytes) -> bytes | None:
        """What stands under a name for which MGET told nothing: nothing, or what is no text and cannot be read."""
        try:
            return cast("bytes | None", self._redis.get(name))
        except ResponseError:
            return b""

    # -- Lists

    def latest(self, count: int) -> list[Entry]:
        """The cases that came last, newest first."""
        return self._entries(self._redis.zrevrange(self._keys.received, 0, count - 1))

    def latest_in(self, state: State, count: int) -> list[Entry]:
        """The cases that came into a state last, newest first."""
        return self._entries(self._redis.zrevrange(self._keys.state(state), 0, count - 1))

    def latest_in_since(self, state: State, *, since: float, count: int) -> list[Entry]:
        """The cases that came into a state at `since` or later, newest first: the latest of them."""
        names = self._redis.zrange(self._keys.state(state), "+inf", since, desc=True, byscore=True, offset=0, num=count)
        return self._entries(names)

    def longest_in(self, state: State, count: int) -> list[Entry]:
        """The cases that have been in a state for the longest time, those first."""
        return self._entries(self._redis.zrange(self._keys.state(state), 0, count - 1))

    def in_state(self, state: State) -> list[CaseKey]:
        """The cases in a state, longest in it first."""
        names = cast("list[bytes]", self._redis.zrange(self._keys.state(state), 0, -1))
        return [CaseKey(name.decode()) for name in names]

    def counts(self) -> dict[State, int]:
        """How many entries there are in each state."""
        with self._redis.pipeline(transaction=False) as pipe:
            for state in State:
                pipe.zcard(self._keys.state(state))
            return dict(zip(State, pipe.execute(), strict=True))

    def public_notes(self, count: int) -> PublicNotes:
        """The latest cases whose note is or was public, as far as no admin has seen it; and how many there are."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrevrange(self._keys.public, 0, count - 1, withscores=True)
            pipe.zcard(self._keys.public)
            noticed, number = pipe.execute()
        cases = zip(self._look_up([name for name, _ in noticed]), noticed, strict=True)
        latest = [PublicNote(key=case.key, since=since, entry=case.entry) for case, (_, since) in cases]
        return PublicNotes(latest=tuple(latest), number=number)

    # -- What the sweeper looks at

    def overdue(self, limit: int) -> list[Indexed]:
        """The cases whose time has come, longest overdue first."""
        return self._look_up(
            self._redis.zrange(self._keys.due, "-inf", str(self.now()), byscore=True, offset=0, num=limit)
        )

    def first_in_line(self, place: str, count: int) -> list[Indexed]:
        """The cases whose notes are next in a place."""
        return [] if count == 0 else self._look_up(self._redis.zrange(self._keys.line(place), 0, count - 1))

    def queued(self, jobs: Iterable[tuple[CaseKey, State]]) -> set[tuple[CaseKey, State]]:
        """Those of the cases and states for which a job waits in RQ."""
        return self._queues.waiting(jobs)

    # -- The entries that an index names

    def _entries(self, names: object) -> list[Entry]:
        """Those that are there and can be read."""
        return [case.entry for case in self._look_up(names) if case.entry is not None]

    def _look_up(self, names: object) -> list[Indexed]:
        """The cases of an index, as Redis answered with it."""
        keys = [CaseKey(name.decode()) for name in cast("list[bytes]", names)]
        if not keys:
            return []
        documents = cast("list[bytes | None]", self._redis.mget([self._keys.case(key) for key in keys]))
        return [_indexed(key, document) for key, document in zip(keys, documents, strict=True)]


def now(redis: Redis) -> float:
    """Redis' time."""
    seconds, microseconds = redis.time()
    return seconds + microseconds / 1e6


def _indexed(key: CaseKey, document: bytes | None) -> Indexed:
    if document is None:
        return Indexed(key=key, entry=None)
    try:
        return Indexed(key=key, entry=stored.load(document, key))
    except NewerEntryError:
        return Indexed(key=key, entry=None, newer=True)
