"""The ledger: one entry per case in Redis, and the one clock that moves it.

Its keys are in `integration.cases.keys`.

Every change is one MULTI: a script that writes the entry with both indexes, and the RQ job that follows from it. The
script compares the entry with what the change was decided on; when another process was faster, the change is
decided anew, and the job that was queued all the same will find nothing to claim. Times are Redis' own.
Every change but a claim is told in one log line, as `integration.cases.story` words it.
"""

from __future__ import annotations

import enum
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from redis import Redis
from redis.exceptions import ResponseError

from integration import logs
from integration.cases import counters, lanes, pseudonym, scripts, story
from integration.cases import entry as entries
from integration.cases.entry import FINAL, Entry, NewerEntryError, Policy, State
from integration.cases.keys import Keys
from integration.cases.pseudonym import Whose
from integration.cases.queues import Queues
from integration.cases.steps import STEPS, Routes
from integration.facts import CaseKey, NewCase, Result, as_logged, desk_of

QUEUED_JOB_LOST_SECONDS = 30
_RECEIVE, _READ, _CHANGE, _CLAIM, _FORGET = map(scripts.load, ("receive", "read", "change", "claim", "forget"))
_DAY = 24 * 60 * 60
_TRIES = 50
_JUMP_SECONDS = 5.0  # that Redis' clock and ours may drift apart between two sweeps

log = logs.get(__name__)


class Written(enum.Enum):
    """What became of a change, by the answer of the script that writes it."""

    DONE = 1
    LOST = 0  # another process was faster: the change has to be decided anew
    REFUSED = -1  # a lane is closed; the sweeper looks again when it is open


Decide = Callable[[Entry, float], Entry | None]
Write = Callable[[bytes, Entry, Entry, float], Written]


@dataclass(frozen=True, kw_only=True)
class Overdue:
    """A case that the sweeper has to look at; `entry` is None when it is gone or `newer` than this release."""

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
        return None if self.entry is None else self.entry.public_note is not None


@dataclass(kw_only=True)
class Plan:
    """What the sweeper decided: when to look again, who joins or leaves the line of notes, which jobs to queue."""

    due: dict[CaseKey, float] = field(default_factory=dict)
    line: dict[CaseKey, float] = field(default_factory=dict)
    queue: list[tuple[CaseKey, State]] = field(default_factory=list)
    gone: list[CaseKey] = field(default_factory=list)
    not_in_line: list[CaseKey] = field(default_factory=list)


class Ledger:
    """Every case that a door took in, and what became of it."""

    def __init__(  # noqa: PLR0913 -- each is named where it is called
        self,
        redis: Redis,
        *,
        keys: Keys,
        routes: Routes,
        policy: Policy,
        retention_days: int,
        requests_per_hour: int = 1000,
        secret_keys: Sequence[str] = (),
    ) -> None:
        self._redis = redis
        self.keys = keys
        self._secret_keys = secret_keys
        self.lanes = lanes.Lanes(
            redis, keys=keys, routes=routes, requests_per_hour=requests_per_hour, backoff=policy.backoff
        )
        self._queues = Queues(redis, keys)
        self.policy = policy
        self._retention = retention_days * _DAY
        self._ahead: tuple[float, float] | None = None  # of our clock, Redis' own: at least, at most

    def receive(self, case: NewCase, *, recovered: bool = False) -> bool:
        """Take in a new case and queue its first job, in one round trip; False when it is known, or was erased."""
        new = Entry(
            key=case.key,
            received_at=0,
            entered_at=0,
            email=case.person.email,
            external_id=case.person.external_id,
            person=self.pseudonym(case.person.email),
            recovered=recovered,
        )
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.multi()
            pipe.eval(
                _RECEIVE,
                12,
                self.keys.case(case.key),
                self.keys.due,
                self.keys.state(State.RECEIVED),
                self.keys.received,
                self.keys.metrics,
                self.keys.forgotten,
                self.keys.newest(desk_of(case.key)),
                self.keys.run,
                self.keys.recovery_lost,
                self.keys.recovery_done,
                self.keys.recovery_lock,
                self.keys.clock,
                case.key,
                entries.dump_without_times(new),
                str(QUEUED_JOB_LOST_SECONDS),
                "" if case.number is None else str(case.number),
                str(scripts.REMEMBERED_SECONDS),
            )
            self._queues.add([(case.key, State.RECEIVED)], pipeline=pipe)
            is_new = bool(pipe.execute()[0])
        if is_new:
            message, step = ("ticket recovered", "recover") if recovered else ("ticket received", "receive")
            log.info(message, **as_logged(case.key), step=step, state=str(State.RECEIVED), tries=0, next="now")
        return is_new

    def claim(self, key: CaseKey, state: State) -> Entry | None:
        """The entry under a lease of its own, or None when the step of `state` is not to be done now."""
        lease = secrets.token_hex(8)
        return self._update(
            key,
            lambda entry, now: entries.claimed(entry, now, state=state, lease=lease, policy=self.policy),
            write=self._write_claim,
        )

    def settle(self, claimed: Entry, decide: Decide, **facts: object) -> Entry | None:
        """Write what came of a claim; None when the claim was lost meanwhile: to a callback, or to its lease's end.

        `facts` are for the log.
        """
        return self._change(
            claimed.key,
            lambda entry, now: decide(entry, now) if entry.lease == claimed.lease else None,
            step=STEPS[claimed.state].name,
            **facts,
        )

    def call_back(self, key: CaseKey, result: Result) -> bool:
        """Take in the summariser's callback; False when it changes nothing."""
        seen: list[Entry] = []

        def decide(entry: Entry, now: float) -> Entry | None:
            seen[:] = [entry]
            return entries.called_back(entry, now, result=result, policy=self.policy)

        if self._change(key, decide, step="callback", said=result.status.value) is not None:
            return True
        why = entries.why_nothing_changed(seen[0] if seen else None, result, policy=self.policy)
        log.info("callback changed nothing", **as_logged(key), said=result.status.value, why=why)
        return False

    def retry(self, key: CaseKey) -> bool:
        """Put a case that ended without a note back to work; False when it is not known or has not."""
        return self._change(key, entries.retried, step="retry") is not None

    def public_seen(self, key: CaseKey) -> bool:
        """An admin has seen that the case's note is or was public; False when there was nothing to see."""
        return bool(self._redis.zrem(self.keys.public, key))

    def public_notes(self, count: int) -> tuple[list[PublicNote], int]:
        """The latest cases whose note is or was public, as far as no admin has seen it; and how many there are."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.zrevrange(self.keys.public, 0, count - 1, withscores=True)
            pipe.zcard(self.keys.public)
            found, number = pipe.execute()
        entries_of = self._look_up([key for key, _ in found])
        return [
            PublicNote(key=each.key, since=since, entry=each.entry)
            for each, (_, since) in zip(entries_of, found, strict=True)
        ], number

    def forget(self, key: CaseKey) -> bool:
        """Erase all that is stored of a case, RQ's jobs included; whether anything was. Its key is remembered."""
        indexes = (
            self.keys.due,
            self.keys.received,
            self.lanes.line(key),
            self.keys.public,
            *(self.keys.state(state) for state in State),
        )
        keys = [self.keys.case(key), self.keys.forgotten, *indexes]
        remembered = (key, str(scripts.REMEMBERED_SECONDS), str(scripts.REMEMBERED))
        erased = cast("int", self._redis.eval(_FORGET, len(keys), *keys, *remembered))
        traces = erased + self._queues.forget(key)
        if traces:
            log.info("ticket erased", **as_logged(key), step="forget")
        return bool(traces)

    def pseudonym(self, email: str | None) -> str | None:
        """What stands for an address in an entry whose address is deleted."""
        return pseudonym.of(email, self._secret_keys[0]) if email and self._secret_keys else None

    def cases_of(self, email: str) -> Iterator[tuple[bytes, Whose]]:
        """What every entry is stored under, and whether it is of this address."""
        search = pseudonym.Search(email, self._secret_keys)
        for key in self._redis.scan_iter(match=self.keys.case("*"), count=1000):
            try:
                document = cast("bytes | None", self._redis.get(key))
            except ResponseError:  # it is no text
                document = b""
            if document is not None:
                yield key, search.whose(document)

    def find(self, key: CaseKey) -> Entry | None:
        """The entry of a case; `NewerEntryError` when a newer release wrote it."""
        document = cast("bytes | None", self._redis.get(self.keys.case(key)))
        return None if document is None else entries.load(document)

    def latest(self, count: int) -> list[Entry]:
        """The cases that came last, newest first."""
        found = self._look_up(cast("list[bytes]", self._redis.zrevrange(self.keys.received, 0, count - 1)))
        return [each.entry for each in found if each.entry is not None]

    def latest_in(self, state: State, count: int) -> list[Entry]:
        """The cases that came into a state last, newest first."""
        found = self._look_up(cast("list[bytes]", self._redis.zrevrange(self.keys.state(state), 0, count - 1)))
        return [each.entry for each in found if each.entry is not None]

    def longest_in(self, state: State, count: int) -> list[Entry]:
        """The cases that have been in a state for the longest time, those first."""
        found = self._look_up(cast("list[bytes]", self._redis.zrange(self.keys.state(state), 0, count - 1)))
        return [each.entry for each in found if each.entry is not None]

    def in_state(self, state: State) -> list[CaseKey]:
        """The cases in a state, longest in it first."""
        return [
            CaseKey(each.decode()) for each in cast("list[bytes]", self._redis.zrange(self.keys.state(state), 0, -1))
        ]

    def overdue(self, limit: int) -> list[Overdue]:
        """The entries whose time has come, longest overdue first."""
        ids = cast(
            "list[bytes]", self._redis.zrange(self.keys.due, "-inf", str(self.now()), byscore=True, offset=0, num=limit)
        )
        return self._look_up(ids)

    def first_in_line(self, place: str, count: int) -> list[Overdue]:
        """The cases whose notes are next in a place."""
        if count == 0:
            return []
        return self._look_up(cast("list[bytes]", self._redis.zrange(self.keys.line(place), 0, count - 1)))

    def put_off(self, plan: Plan) -> None:
        """Carry out what the sweeper decided."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.multi()
            if plan.due:
                pipe.zadd(self.keys.due, {str(key): when for key, when in plan.due.items()}, xx=True)
            for line in {self.lanes.line(key) for key in plan.line}:
                pipe.zadd(line, {str(key): since for key, since in plan.line.items() if self.lanes.line(key) == line})
            for key in plan.gone:
                pipe.zrem(self.keys.due, key)
            for key in plan.not_in_line:
                pipe.zrem(self.lanes.line(key), key)
            self._queues.add(plan.queue, pipeline=pipe)
            pipe.execute()

    def queued(self) -> set[tuple[CaseKey, State]]:
        """The cases and states for which a job waits in RQ."""
        return self._queues.waiting()

    def counts(self) -> dict[State, int]:
        """How many entries there are in each state."""
        with self._redis.pipeline(transaction=False) as pipe:
            for state in State:
                pipe.zcard(self.keys.state(state))
            return dict(zip(State, pipe.execute(), strict=True))

    def trim(self) -> None:
        """Drop from the indexes what has expired."""
        oldest = self.now() - self._retention
        longest = oldest - entries.GIVE_UP_SECONDS
        with self._redis.pipeline(transaction=False) as pipe:
            for state in FINAL:
                pipe.zremrangebyscore(self.keys.state(state), "-inf", oldest)
            pipe.zremrangebyscore(self.keys.received, "-inf", longest)
            pipe.zremrangebyscore(self.keys.public, "-inf", longest)
            pipe.execute()

    def write_tally(self) -> None:
        """Add what this process counted to what `/metrics` shows."""
        counters.write(self._redis, self.keys)

    def now(self) -> float:
        """Redis' time."""
        seconds, microseconds = self._redis.time()
        return seconds + microseconds / 1e6

    def watch_clock(self, now: float, *, asked: float, answered: float) -> bool:
        """Notice when Redis' clock jumps: leases and waits of before say nothing any more. Whether it did.

        `now` is what Redis said when it was asked, `asked` and `answered` when that was by a clock that never jumps.
        """
        ahead = (now - answered, now - asked)
        before, self._ahead = self._ahead, ahead
        if before is None or (before[0] - _JUMP_SECONDS <= ahead[1] and ahead[0] <= before[1] + _JUMP_SECONDS):
            return False
        self._redis.incr(self.keys.clock)
        return True

    def _look_up(self, ids: list[bytes]) -> list[Overdue]:
        if not ids:
            return []
        keys = [CaseKey(each.decode()) for each in ids]
        documents = cast("list[bytes | None]", self._redis.mget([self.keys.case(key) for key in keys]))
        return [_overdue(key, document) for key, document in zip(keys, documents, strict=True)]

    def _change(self, key: CaseKey, decide: Decide, **facts: object) -> Entry | None:
        """Change an entry as `decide` says, and tell it in the log, with `facts`; None when nothing was changed."""

        def decide_and_remember(old: Entry, now: float) -> Entry | None:
            new = decide(old, now)
            return None if new is None else story.remembered(old, new, now)

        return self._update(key, decide_and_remember, write=partial(self._write_and_tell, facts))

    def _update(self, key: CaseKey, decide: Decide, *, write: Write) -> Entry | None:
        """Change an entry as `decide` says and queue the job that follows; None when nothing was changed."""
        name = self.keys.case(key)
        for _ in range(_TRIES):
            document, seconds, microseconds, run = cast("list[Any]", self._redis.eval(_READ, 2, name, self.keys.clock))
            if document is None:
                return None
            now = int(seconds) + int(microseconds) / 1e6
            try:
                stored = entries.load(document)
            except NewerEntryError:
                return None
            old = entries.under(stored, now, redis_run=run.decode(), policy=self.policy)
            new = decide(old, now)
            if new is None:
                if old != stored and self._write_and_tell({}, document, stored, old, now) is Written.LOST:
                    continue
                return None
            match write(document, old, new, now):
                case Written.DONE:
                    return new
                case Written.REFUSED:
                    return None
        raise RuntimeError("a ledger entry changed too often to be changed")

    def _write_and_tell(
        self, facts: Mapping[str, object], document: bytes, old: Entry, new: Entry, now: float
    ) -> Written:
        """Write an entry, and the log line of its change when that was done."""
        written = self._write(document, old, new, now)
        if written is Written.DONE:
            told = story.line(old, new, now, **facts)
            getattr(log, told.level)(told.message, **told.facts)
        return written

    def _write(self, document: bytes, old: Entry, new: Entry, now: float) -> Written:
        """Write an entry, and queue what follows from it."""
        queue = new.state not in FINAL and new.wait_until <= now
        place = str(new.entered_at) if queue and new.state is State.READY else ""
        due = now + QUEUED_JOB_LOST_SECONDS if queue else new.wait_until
        keys, arguments = self._written(document, old, new, due=due)
        keys += [self.lanes.line(new.key), self.keys.metrics, self.keys.public]
        public = "became" if entries.became_public(old, new) else "left" if entries.is_left_public(old, new) else ""
        arguments += [place, str(new.state), public, str(now)]
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.multi()
            pipe.eval(_CHANGE, len(keys), *keys, *arguments)
            if queue:
                self._queues.add([(new.key, new.state)], pipeline=pipe)
            return Written(pipe.execute()[0])

    def _write_claim(self, document: bytes, old: Entry, new: Entry, _now: float) -> Written:
        """Write a claim, when its lanes let it pass."""
        keys, arguments = self._written(document, old, new, due=new.wait_until)
        lane_keys, lane_arguments = self.lanes.passing(old)
        keys += lane_keys
        return Written(self._redis.eval(_CLAIM, len(keys), *keys, *arguments, *lane_arguments))

    def _written(self, document: bytes, old: Entry, new: Entry, *, due: float) -> tuple[list[str], list[Any]]:
        """The keys and arguments that the scripts' write needs."""
        final = new.state in FINAL
        keys = [self.keys.case(new.key), self.keys.due, self.keys.state(old.state), self.keys.state(new.state)]
        when, ttl = ("", str(self._retention)) if final else (str(due), "0")
        return keys, [new.key, document, entries.dump(new), when, str(new.entered_at), ttl]


def _overdue(key: CaseKey, document: bytes | None) -> Overdue:
    if document is None:
        return Overdue(key=key, entry=None)
    try:
        return Overdue(key=key, entry=entries.load(document))
    except NewerEntryError:
        return Overdue(key=key, entry=None, newer=True)
