"""A change of an entry: read, decided on, written when nobody was faster, told in the log, and its job queued.

Every change is one MULTI: a script that writes the entry with its indexes, and the RQ job that follows from it. The
script compares the entry with what the change was decided on; when another process was faster, the change is
decided anew, and the job that was queued all the same will find nothing to claim. Times are Redis' own.
Every change but a claim is told in one log line, as `integration.cases.story` words it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, cast

from redis import Redis

from integration import logs
from integration.cases import scripts, stored, story, transitions
from integration.cases.entry import FINAL, Entry, Policy, State
from integration.cases.keys import Keys
from integration.cases.lanes import Lanes
from integration.cases.queues import QUEUED_JOB_LOST_SECONDS, Queues
from integration.cases.stored import NewerEntryError
from integration.facts import CaseKey

_READ, _CHANGE, _CLAIM = map(scripts.load, ("read", "change", "claim"))
_TRIES: Final = 50

log = logs.get(__name__)


class Written(enum.Enum):
    """What became of a change, by the answer of the script that writes it."""

    DONE = 1
    LOST = 0  # another process was faster: the change has to be decided anew
    REFUSED = -1  # a lane is closed; the sweeper looks again when it is open


Decide = Callable[[Entry, float], Entry | None]
_Write = Callable[[bytes, Entry, Entry, float], Written]


class Changes:
    """Changes the entries that are in Redis."""

    def __init__(  # noqa: PLR0913 -- each is named where it is called
        self, redis: Redis, *, keys: Keys, lanes: Lanes, queues: Queues, policy: Policy, retention_seconds: int
    ) -> None:
        self._redis = redis
        self._keys = keys
        self._lanes = lanes
        self._policy = policy
        self._retention = retention_seconds
        self._queues = queues

    def make(self, key: CaseKey, decide: Decide, **facts: object) -> Entry | None:
        """Change an entry as `decide` says, and tell it in the log, with `facts`; None when nothing was changed."""

        def decide_and_remember(old: Entry, now: float) -> Entry | None:
            new = decide(old, now)
            return None if new is None else story.remembered(old, new, now)

        return self._update(key, decide_and_remember, write=partial(self._write_and_tell, facts))

    def claim(self, key: CaseKey, decide: Decide) -> Entry | None:
        """Change an entry into one that a worker has claimed; None also when a lane that its step needs is closed."""
        return self._update(key, decide, write=self._write_claim)

    def _update(self, key: CaseKey, decide: Decide, *, write: _Write) -> Entry | None:
        """Change an entry as `decide` says and queue the job that follows; None when nothing was changed."""
        name = self._keys.case(key)
        for _ in range(_TRIES):
            document, seconds, microseconds, run = cast("list[Any]", self._redis.eval(_READ, 2, name, self._keys.clock))
            if document is None:
                return None
            now = int(seconds) + int(microseconds) / 1e6
            try:
                known = stored.load(document)
            except NewerEntryError:
                return None
            old = transitions.under(known, now, redis_run=run.decode(), policy=self._policy)
            new = decide(old, now)
            if new is None:
                if old != known and self._write_and_tell({}, document, known, old, now) is Written.LOST:
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
        keys += [self._lanes.line(new.key), self._keys.metrics, self._keys.public]
        public = (
            "became" if transitions.became_public(old, new) else "left" if transitions.is_left_public(old, new) else ""
        )
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
        lane_keys, lane_arguments = self._lanes.passing(old)
        keys += lane_keys
        return Written(self._redis.eval(_CLAIM, len(keys), *keys, *arguments, *lane_arguments))

    def _written(self, document: bytes, old: Entry, new: Entry, *, due: float) -> tuple[list[str], list[Any]]:
        """The keys and arguments that the scripts' write needs."""
        final = new.state in FINAL
        keys = [self._keys.case(new.key), self._keys.due, self._keys.state(old.state), self._keys.state(new.state)]
        when, ttl = ("", str(self._retention)) if final else (str(due), "0")
        return keys, [new.key, document, stored.dump(new), when, str(new.entered_at), ttl]
