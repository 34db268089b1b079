"""A case that has come: its entry is written and its first job queued, by one script, unless it is known.

Redis puts in its own time, and knows whether the case was here before (`receive.lua`).
"""

from __future__ import annotations

import time
from typing import Final, NamedTuple

from redis import Redis

from integration.cases import looks, scripts, stored
from integration.cases.entry import Entry, Policy, State
from integration.cases.keys import Keys
from integration.cases.pseudonym import Pseudonyms
from integration.cases.queues import QUEUED_JOB_LOST_SECONDS, Queues
from integration.facts import NewCase, desk_of

_RECEIVE: Final = scripts.script("receive")


class Begin(NamedTuple):
    """When a new case's first step begins: `delay` seconds after `since` (Unix seconds; None: after it is written)."""

    delay: float
    since: float | None
    waits: bool  # that is later than now


def _begin(case: NewCase, *, delay: float, now: float) -> Begin:
    since = case.created
    if case.settle is not None:  # more may be told of it from now on, whenever it was given
        delay, since = case.settle, None
    elif case.on_demand:
        delay, since = 0.0, None
    return Begin(delay, since, waits=delay > 0 and (since is None or now < since + delay))


class Arrivals:
    """Writes the entries of cases that have come."""

    def __init__(  # noqa: PLR0913 -- each is named where it is called
        self,
        redis: Redis,
        *,
        keys: Keys,
        queues: Queues,
        policy: Policy,
        pseudonyms: Pseudonyms,
        retention_seconds: int,
    ) -> None:
        self._redis, self._keys, self._queues = redis, keys, queues
        self._policy, self._pseudonyms, self._retention = policy, pseudonyms, retention_seconds

    def write(self, case: NewCase, *, recovered: bool) -> Begin | None:
        """Write a case's entry and queue its first job; None when the case is known, or was erased."""
        begin = _begin(case, delay=self._policy.delay, now=time.time())
        job = self._queues.job(case.key, State.RECEIVED)
        nameless = self._nameless(case)
        keys = (
            self._keys.case(case.key),
            self._keys.due,
            self._keys.state(State.RECEIVED),
            self._keys.received,
            self._keys.metrics,
            self._keys.forgotten,
            self._keys.newest(desk_of(case.key)),
            self._keys.run,
            self._keys.recovery_lost,
            self._keys.recovery_done,
            self._keys.recovery_lock,
            *job.keys,
            self._keys.nameless(nameless or ""),
            self._keys.clock,
        )
        arguments = (
            case.key,
            stored.dump_without_times(self._entry(case, recovered=recovered)),
            str(QUEUED_JOB_LOST_SECONDS),
            "" if case.number is None else str(case.number),
            str(scripts.REMEMBERED_SECONDS),
            "" if begin.since is None else str(begin.since),
            str(begin.delay if begin.waits else 0.0),
            "1" if case.on_demand else "",
            *job.arguments,
            "" if nameless is None else str(self._retention),
            stored.beginning(State.RECEIVED),
        )
        return begin if _RECEIVE.run(self._redis, keys, *arguments) else None

    def _entry(self, case: NewCase, *, recovered: bool) -> Entry:
        """A case's entry, without the times that Redis puts in."""
        return Entry(
            key=case.key,
            received_at=0,
            entered_at=0,
            person=case.person,
            pseudonym=self._pseudonyms.of_people(looks.one_by_one(case.person)),
            recovered=recovered,
            accounts=() if case.account is None else (case.account,),
            created_at=None if case.on_demand else case.created,
            on_demand=case.on_demand,
            said=case.said,
            demand=case.demand,
        )

    def nameless(self, desk: str, contact: str) -> list[str]:
        """Where the cases of somebody are kept, by each key of ours that may have been the current one then."""
        return [self._keys.nameless(hashed) for hashed in self._pseudonyms.of_contact(desk, contact)]

    def _nameless(self, case: NewCase) -> str | None:
        """What a case is kept under whose person may be known later; None when nobody will tell."""
        if case.contact is None or case.person.known:
            return None
        return next(iter(self._pseudonyms.of_contact(desk_of(case.key), case.contact)), None)
