"""The ledger: one entry per case in Redis; all times are Redis' own.

Its keys are in `integration.cases.keys`. Here it is written: `integration.cases.changes` does that for an entry that is
there already. `integration.cases.reader` tells what is in it.
"""

from __future__ import annotations

import enum
import secrets
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, cast

from redis import Redis
from redis.exceptions import ResponseError

from integration import logs
from integration.cases import again, counters, lanes, results, scripts, story
from integration.cases.arrivals import Arrivals
from integration.cases.changes import Changes, Decide
from integration.cases.clock import Clock
from integration.cases.entry import FINAL, GIVE_UP_SECONDS, Entry, Policy, State
from integration.cases.gathering import Gathering
from integration.cases.keys import Keys
from integration.cases.plan import Plan
from integration.cases.pseudonym import Pseudonyms
from integration.cases.queues import Queues
from integration.cases.reader import LedgerReader
from integration.cases.sharing import Sharing
from integration.cases.steps import STEPS, Routes
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey, Identified, NewCase, Result, Status, as_logged, read_case_key

_FORGET: Final = scripts.script("forget")
_DAY: Final = 24 * 60 * 60
_TRIMMED: Final = 5000  # members of an index that are dropped by one command: some milliseconds

log = logs.get(__name__)


class CallbackOutcome(enum.Enum):
    """What the summariser's callback did."""

    TAKEN = enum.auto()
    REPEATED = enum.auto()  # nothing: what it says is known, or is of no use any more
    UNKNOWN = enum.auto()  # nothing: there is no entry of its case that this release can read


class Received(enum.Enum):
    """What became of a case that a door, or a look for missed ones, told of."""

    NEW = enum.auto()  # its note is on its way: also when it was demanded anew
    KNOWN = enum.auto()  # nothing: it is known, was erased, or begins no case
    UPDATED = enum.auto()  # it is known, and more is known of it now


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
        queues: Queues | None = None,  # RQ's
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._retention = retention_days * _DAY
        self._queues = queues or Queues(redis, keys)
        self.keys = keys
        self.policy = policy
        self.pseudonyms = Pseudonyms(secret_keys)
        self.clock = Clock(redis, keys)
        self.lanes = lanes.Lanes(
            redis, keys=keys, routes=routes, requests_per_hour=requests_per_hour, backoff=policy.backoff
        )
        self.reader = LedgerReader(redis, keys=keys, queues=self._queues, pseudonyms=self.pseudonyms)
        self.sharing = Sharing(redis, keys=keys, pseudonyms=self.pseudonyms, seconds=policy.reuse)
        self.gathering = Gathering(redis, keys=keys, seconds=self._retention)
        self._arrivals = Arrivals(
            redis,
            keys=keys,
            queues=self._queues,
            policy=policy,
            pseudonyms=self.pseudonyms,
            retention_seconds=self._retention,
        )
        self._changes = Changes(
            redis,
            keys=keys,
            lanes=self.lanes,
            queues=self._queues,
            policy=policy,
            retention_seconds=self._retention,
            monotonic=monotonic,
        )

    def receive(self, case: NewCase, *, recovered: bool = False) -> Received:
        """Take in a new case and queue its first job, in one round trip."""
        if not case.begins:
            return self._said_more(case)
        begin = self._arrivals.write(case, recovered=recovered)
        if begin is not None:
            message, step = ("ticket recovered", "recover") if recovered else ("ticket received", "receive")
            begins = story.time_of((begin.since or time.time()) + begin.delay) if begin.waits else "now"
            log.info(message, **as_logged(case.key), step=step, state=str(State.RECEIVED), tries=0, next=begins)
            return Received.NEW
        if case.account is not None:
            return self._told_of_another_account(case)
        return self._demand(case) if case.on_demand else self._said_more(case)

    def _said_more(self, case: NewCase) -> Received:
        """Add what is told of an answer to a survey to what is known of it."""
        if case.said is None:
            return Received.KNOWN
        changed = self._changes.make(case.key, partial(again.said_more, case=case), step="receive")
        return Received.KNOWN if changed is None else Received.UPDATED

    def _demand(self, case: NewCase) -> Received:
        """Begin anew with a case that is known, because somebody asks for it."""
        decide = partial(again.demanded, demand=case.demand)
        if self._changes.make(case.key, decide, step="demand") is not None:
            return Received.NEW
        why = "a note is on its way, it was answered already, or there were too many"
        log.info("demand changed nothing", **as_logged(case.key), why=why)
        return Received.KNOWN

    def _told_of_another_account(self, case: NewCase) -> Received:
        """See that a case that is known may be ours after all: other accounts' deliveries alone told of it before."""
        changed = self._changes.make(case.key, partial(again.told_of, account=case.account or ""), step="receive")
        return Received.KNOWN if changed is None else Received.NEW

    def look_again(self, identified: Identified) -> bool:
        """Look again at the cases of somebody who may be known now; False when none of them waits for that."""
        names = self._arrivals.nameless(identified.desk, identified.contact)
        waiting = cast("set[bytes]", self._redis.sunion(names)) if names else set()
        cases = [read_case_key(key.decode()) for key in sorted(waiting)]
        changed = [self._changes.make(key, again.looked_again, step="look again") for key in cases]
        return any(entry is not None for entry in changed)

    def claim(self, key: CaseKey, state: State) -> Entry | None:
        """The entry under a lease of its own, or None when the step of `state` is not to be done now."""
        return self._changes.claim(key, state, lease=secrets.token_hex(8))

    def settle(self, claimed: Entry, decide: Decide, **facts: object) -> Entry | None:
        """Write what came of a claim; None when the claim was lost meanwhile: to a callback, or to its lease's end.

        `facts` are for the log.
        """
        return self._changes.settle(claimed, decide, step=STEPS[claimed.state].name, **facts)

    def take_callback(self, key: CaseKey, result: Result, *, project: str | None = None) -> CallbackOutcome:
        """Take in the callback of the summariser's `project` (its lane; None: the first), and tell what it did."""
        known: Entry | None = None

        def decide(entry: Entry, now: float) -> Entry | None:
            nonlocal known
            known = entry
            return results.called_back(entry, now, result=result, policy=self.policy, project=project)

        if self._changes.make(key, decide, step="callback", said=result.status.value) is not None:
            self._wake(result)
            return CallbackOutcome.TAKEN
        why = results.why_nothing_changed(known, result, policy=self.policy)
        log.info("callback changed nothing", **as_logged(key), said=result.status.value, why=why)
        return CallbackOutcome.UNKNOWN if known is None else CallbackOutcome.REPEATED

    def _wake(self, result: Result) -> None:
        """Let the cases that use the same request ask for its result now."""
        if result.request_id is None or result.status is Status.PENDING:
            return
        for follower in self.sharing.followers(result.request_id):
            self._changes.make(
                follower, partial(results.woken, request_id=result.request_id), step="callback of another"
            )

    def retry(self, key: CaseKey) -> bool:
        """Put a case that ended without a note back to work; False when it is not known or has not."""
        return self._changes.make(key, again.retried, step="retry") is not None

    def public_seen(self, key: CaseKey) -> bool:
        """An admin has seen that the case's note is or was public; False when there was nothing to see."""
        return bool(self._redis.zrem(self.keys.public, key))

    def forget(self, key: CaseKey) -> bool:
        """Erase all that is stored of a case, RQ's jobs included; whether anything was. Its key is remembered."""
        self._forget_beside(key)
        indexes = (
            self.keys.due,
            self.keys.received,
            self.lanes.line(key),
            self.keys.public,
            *(self.keys.state(state) for state in State),
        )
        keys = [self.keys.case(key), self.keys.forgotten, *indexes]
        remembered = (key, str(scripts.REMEMBERED_SECONDS), str(scripts.REMEMBERED))
        erased = cast("int", _FORGET.run(self._redis, keys, *remembered))
        erased += self._redis.delete(self.keys.kept(key))
        traces = erased + self._queues.forget(key)
        if traces:
            log.info("ticket erased", **as_logged(key), step="forget")
        return bool(traces)

    def _forget_beside(self, key: CaseKey) -> None:
        """Erase what a case's request is kept under for others of the same person, and that it went elsewhere."""
        try:
            entry = self.reader.find(key)
        except (NewerEntryError, ResponseError):  # whatever is there: it is erased all the same
            return
        for target in entry.note.merged_into if entry is not None else ():
            self.gathering.forget(key, target=target)
        if entry is not None and entry.request.shared is not None:
            self.sharing.forget(entry.request.shared, request_id=entry.request.id)

    def carry_out(self, plan: Plan) -> None:
        """Do what the sweeper decided."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.multi()
            plan.write(pipe, keys=self.keys, line_of=self.lanes.line)
            self._queues.add(plan.queue, pipeline=pipe)
            pipe.execute()

    def trim(self) -> None:
        """Drop from the indexes what has expired."""
        oldest = self.reader.now() - self._retention
        longest = oldest - GIVE_UP_SECONDS
        for state in FINAL:
            self._trim(self.keys.state(state), oldest)
        self._trim(self.keys.received, longest)
        self._trim(self.keys.public, longest)

    def _trim(self, index: str, oldest: float) -> None:
        """Drop what is older from an index, some at a time: Redis serves nobody else during a command."""
        while True:
            listed = cast(
                "list[tuple[bytes, float]]",
                self._redis.zrange(index, _TRIMMED - 1, _TRIMMED - 1, withscores=True),
            )
            last = listed[0][1] if listed else oldest
            self._redis.zremrangebyscore(index, "-inf", min(last, oldest))
            if last >= oldest:
                return

    def write_counts(self) -> None:
        """Add what this process counted to what `/metrics` shows."""
        counters.write(self._redis, self.keys)
