"""A change of an entry: read, decided on, written when nobody was faster, told in the log, and its job queued.

Every change is one script, which writes the entry with its indexes and the RQ job that follows from it. It compares
the entry with what the change was decided on, and the run and the time of Redis, too: when another process was faster,
or Redis is another one, the change is decided anew. What comes of a claim is decided on the entry as the claim wrote
it, and by Redis' time as our own clock goes on with it, so that nothing has to be read again.
Every change but a claim is told in one log line, as `integration.cases.story` words it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, NamedTuple, cast

from redis import Redis

from integration import logs
from integration.cases import claims, counters, scripts, stored, story, transitions
from integration.cases.entry import FINAL, LEASE_SECONDS, Entry, Policy, State
from integration.cases.keys import Keys
from integration.cases.lanes import Lanes
from integration.cases.queues import NO_JOB, QUEUED_JOB_LOST_SECONDS, Queues
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey

_READ, _TAKE, _CHANGE, _CLAIM = map(scripts.script, ("read", "take", "change", "claim"))
_TRIES: Final = 50
_READ_LATE_SECONDS: Final = 60.0  # a slow Redis, or one that many wait for: a time limit of those who ask comes first
_THOUGHT_LATE_SECONDS: Final = 0.5

log = logs.get(__name__)


class Written(enum.Enum):
    """What became of a change, by the answer of the script that writes it."""

    DONE = 1
    UNCOUNTED = 2  # done, but what was to be counted with it is not: it stays counted here
    LOST = 0  # another process was faster, or Redis is another one: the change has to be decided anew
    REFUSED = -1  # a lane is closed; the sweeper looks again when it is open


class _Known(NamedTuple):
    """An entry as Redis has it, when that was by Redis' clock, and in which run of Redis.

    It may be written `late` seconds after that: many where Redis told the time, few where our own clock stands for it.
    """

    document: bytes | str
    entry: Entry
    now: float
    run: str
    late: float


Decide = Callable[[Entry, float], Entry | None]
_Write = Callable[[_Known, Entry, Entry], Written]


class Changes:
    """Changes the entries that are in Redis."""

    def __init__(  # noqa: PLR0913 -- each is named where it is called
        self,
        redis: Redis,
        *,
        keys: Keys,
        lanes: Lanes,
        queues: Queues,
        policy: Policy,
        retention_seconds: int,
        monotonic: Callable[[], float],
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._lanes = lanes
        self._policy = policy
        self._retention = retention_seconds
        self._queues = queues
        self._monotonic = monotonic
        self._ahead: float | None = None  # of our own clock, Redis' when it was read last
        self._claimed: _Known | None = None  # what was claimed last in the step that read it

    def make(self, key: CaseKey, decide: Decide, **facts: object) -> Entry | None:
        """Change an entry as `decide` says, and tell it in the log, with `facts`; None when nothing was changed."""
        return self._update(key, _and_remember(decide), write=partial(self._write_and_tell, facts))

    def claim(self, key: CaseKey, state: State, *, lease: str) -> Entry | None:
        """Claim an entry for its step in `state`; None when that is not to be done now, or a lane is closed."""
        lands = claims.lands_seconds(state, self._policy)
        (line, *lanes), passing = self._lanes.passing_whatever(key, state)
        keys = (self._keys.case(key), self._keys.due, line, *lanes, self._keys.clock)
        looks = max(LEASE_SECONDS, lands)
        answer = _TAKE.run(self._redis, keys, key, stored.beginning(state), lease, str(lands), str(looks), *passing)
        document, seconds, microseconds, run, taken = cast("tuple[bytes | None, bytes, bytes, bytes, int]", answer)
        known = self._known(key, document, seconds, microseconds, run)
        if known is None:
            return None
        if taken or _is_claimed_by(known, lease):
            self._claimed = known
            return known.entry
        decide = partial(claims.claimed, state=state, lease=lease, policy=self._policy)
        return self._update(key, decide, write=self._write_claim, known=known)

    def settle(self, claimed: Entry, decide: Decide, **facts: object) -> Entry | None:
        """Write what came of a claim, and what was counted meanwhile; None when it is not ours any more."""

        def decide_on_ours(entry: Entry, now: float) -> Entry | None:
            return decide(entry, now) if entry.claim.lease == claimed.claim.lease else None

        return self._update(
            claimed.key,
            _and_remember(decide_on_ours),
            write=partial(self._write_and_count, facts),
            known=self._as_claimed(claimed),
        )

    def _update(self, key: CaseKey, decide: Decide, *, write: _Write, known: _Known | None = None) -> Entry | None:
        """Change an entry as `decide` says and queue the job that follows; None when nothing was changed."""
        for _ in range(_TRIES):
            known = known or self._read(key)
            if known is None:
                return None
            old = transitions.under(known.entry, known.now, redis_run=known.run, policy=self._policy)
            new = decide(old, known.now)
            if new is None and old == known.entry:
                return None
            written = self._write_and_tell({}, known, known.entry, old) if new is None else write(known, old, new)
            if written is not Written.LOST:
                return None if new is None or written is Written.REFUSED else new
            known = None
        raise RuntimeError("a ledger entry changed too often to be changed")

    # -- Known

    def _read(self, key: CaseKey) -> _Known | None:
        """The entry as it is now; None when there is none that this release can read."""
        answer = _READ.run(self._redis, [self._keys.case(key), self._keys.clock])
        return self._known(key, *cast("tuple[bytes | None, bytes, bytes, bytes]", answer))

    def _known(
        self, key: CaseKey, document: bytes | None, seconds: bytes, microseconds: bytes, run: bytes
    ) -> _Known | None:
        """An entry as a script of Redis answered with it."""
        if document is None:
            return None
        now = int(seconds) + int(microseconds) / 1e6
        self._ahead = now - self._monotonic()
        try:
            return _Known(document, stored.load(document, key), now, run.decode(), late=_READ_LATE_SECONDS)
        except NewerEntryError:
            return None

    def _as_claimed(self, claimed: Entry) -> _Known | None:
        """The entry as its claim wrote it; None when it is not known which run of Redis that was."""
        if self._ahead is None or not claimed.redis_run:
            return None
        last = self._claimed
        document = last.document if last is not None and last.entry is claimed else stored.dump(claimed)
        return _Known(document, claimed, self._monotonic() + self._ahead, claimed.redis_run, late=_THOUGHT_LATE_SECONDS)

    # -- Written

    def _write_and_count(self, facts: Mapping[str, object], known: _Known, old: Entry, new: Entry) -> Written:
        """Write an entry, and with it what this process has counted."""
        counted = counters.unwritten()
        waited = counters.waited(new.entered_at - new.begun_at) if new.state is State.POSTED else {}
        written = self._write_and_tell(facts, known, old, new, counts=(*counted.items(), *waited.items()))
        match written:
            case Written.DONE:
                counters.take_out(counted)
            case Written.UNCOUNTED:
                counters.count(waited)
        return written

    def _write_and_tell(
        self,
        facts: Mapping[str, object],
        known: _Known,
        old: Entry,
        new: Entry,
        *,
        counts: Iterable[tuple[str, int]] = (),
    ) -> Written:
        """Write an entry, and the log line of its change when that was done."""
        written = self._write(known, old, new, counts)
        if written is not Written.LOST:
            told = story.line(old, new, known.now, **facts)
            getattr(log, told.level)(told.message, **told.facts)
        return written

    def _write(self, known: _Known, old: Entry, new: Entry, counts: Iterable[tuple[str, int]]) -> Written:
        """Write an entry, and queue what follows from it."""
        now = known.now
        queue = new.state not in FINAL and new.wait_until <= now
        place = str(new.entered_at) if queue and new.state is State.READY else ""
        due = now + QUEUED_JOB_LOST_SECONDS if queue else new.wait_until
        job = self._queues.job(new.key, new.state) if queue else NO_JOB
        keys, arguments = self._written(known.document, old, new, due=due)
        keys += [self._lanes.line(new.key), self._keys.metrics, self._keys.public, *job.keys, self._keys.clock]
        public = (
            "became" if transitions.became_public(old, new) else "left" if transitions.is_left_public(old, new) else ""
        )
        arguments += [place, str(new.state), public, str(now), known.run, *job.arguments, str(known.late)]
        arguments += [str(part) for count in counts for part in count]
        return Written(self._lanes.tell(_CHANGE.call(keys, *arguments)))

    def _write_claim(self, known: _Known, old: Entry, new: Entry) -> Written:
        """Write a claim, when its lanes let it pass."""
        keys, arguments = self._written(known.document, old, new, due=new.wait_until)
        lane_keys, lane_arguments = self._lanes.passing(old)
        return Written(_CLAIM.run(self._redis, keys + lane_keys, *arguments, *lane_arguments))

    def _written(
        self, document: bytes | str, old: Entry, new: Entry, *, due: float
    ) -> tuple[list[str], list[bytes | str]]:
        """The keys and arguments that the scripts' write needs."""
        final = new.state in FINAL
        keys = [self._keys.case(new.key), self._keys.due, self._keys.state(old.state), self._keys.state(new.state)]
        when, ttl = ("", str(self._retention)) if final else (str(due), "0")
        return keys, [new.key, document, stored.dump(new), when, str(new.entered_at), ttl]


def _and_remember(decide: Decide) -> Decide:
    """What is decided, with the setback that it tells of added to the entry's way."""

    def decide_and_remember(old: Entry, now: float) -> Entry | None:
        new = decide(old, now)
        return None if new is None else story.remembered(old, new, now)

    return decide_and_remember


def _is_claimed_by(known: _Known, lease: str) -> bool:
    """Whether an entry holds our own claim: its answer was lost, and the script was sent once more."""
    return known.entry.claim.lease == lease and known.entry.redis_run == known.run
