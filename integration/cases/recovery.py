"""Recovery: takes in the cases that never reached us, or that Redis has lost.

A service says when it could not tell us of cases, and which were created then (`integration.missed_cases`);
`integration.cases.lost_writes` says of which time Redis may have lost some. Those that the service would have told of
and the ledger does not know are taken in.

    <prefix>:recover:seen:<key>     what came of a case that was looked at, for eight days: none comes twice
    <prefix>:recover:done           up to when all was looked through (Unix seconds of Redis' clock)
    <prefix>:recover:lock           which worker looks now, or did in the last ten minutes
    <prefix>:recover:trouble        what stands in the way, for the status page

What is said of `done` and `trouble` is said of tickets; another desk's names end in `:<desk>`.

What was taken in once is never taken in again, even after its entry has expired or was erased.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, cast

from redis import Redis

from integration import logs
from integration.cases import scripts
from integration.cases.keys import Keys
from integration.cases.ledger import Ledger, Received
from integration.cases.lost_writes import LostWrites
from integration.cases.stored import NewerEntryError
from integration.errors import Held, RemoteError, Temporary
from integration.facts import CaseKey, Stretch, as_logged, merged
from integration.missed_cases import Candidate, Look, MissedCases

SEEN_HOURS: Final = 24  # that a case is remembered for longer than its service can look back
NOT_OURS_SECONDS: Final = 60 * 60  # what the service tells us of may be another kind soon
FIRST_HOURS: Final = 24.0  # how far the very first look goes back
OVERLAP_SECONDS: Final = 60 * 60  # of a look, which the next one looks at again: logs and searches are late

_REMEMBER: Final = scripts.load("remember")

ANOTHER_REDIS: Final = "Redis has become another one meanwhile, all of it is looked through again"

log = logs.get(__name__)


class Outcome(enum.StrEnum):
    """What came of a case."""

    TAKEN_IN = "taken in"
    KNOWN = "known"
    UNREADABLE = "unreadable"
    OTHER = "another kind of ticket"


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a look for missed cases brought; `stopped` when it did not come to its end."""

    sources: int = 0  # of the service, that tell us of cases
    missed: int | None = None  # deliveries that were not made; None when the service does not say
    taken_in: int = 0
    known: int = 0
    unreadable: int = 0
    until: float | None = None  # all that was created before has been looked through
    fresh: bool = False  # the last of it is so new that the service may not show its cases yet
    lost: Stretch | None = None  # Redis may have lost cases of then, which have to be looked for (again)
    nobody_tells: str = ""  # why nothing was looked for when there is no source
    stopped: RemoteError | None = None

    @property
    def problem(self) -> str | None:
        """What an admin should know of."""
        if self.stopped is not None:
            return str(self.stopped)
        if self.unreadable:
            return f"{self.unreadable} tickets that may be missing cannot be judged"
        return None if self.sources or self.missed is None else self.nobody_tells


@dataclass(kw_only=True)
class _Search:
    """A look for missed cases, while it goes on."""

    look: Look
    stretches: list[Stretch]
    oldest: float  # older cases may be done and forgotten
    counts: Counter[Outcome] = field(default_factory=Counter)
    looked_at: set[str] = field(default_factory=set)  # a service may show a case twice

    def holds(self, candidate: Candidate) -> bool:
        """Whether a case was created when some were missed, and is not too old; one without a time may be."""
        created = candidate.created
        if created is None:
            return True
        return created >= self.oldest and any(
            int(stretch.start) <= created <= stretch.end for stretch in self.stretches
        )


class Recovery:
    """Looks for the missed cases of one desk: those of which the service with that name could not tell us."""

    def __init__(  # noqa: PLR0913 -- each is named where it is called
        self,
        missed: MissedCases,
        ledger: Ledger,
        redis: Redis,
        *,
        keys: Keys,
        desk: str,
        retention_days: int,
    ) -> None:
        recovered = ledger.lanes.routes.recovered
        self.service = recovered[desk]
        self._done, self._trouble = keys.recovery_done_of(desk), keys.recovery_trouble_of(desk)
        self.missed = missed
        self.longest_hours = missed.kept_hours
        self._ledger = ledger
        self._redis = redis
        self._keys = keys
        self._lost = LostWrites(redis, keys, desk, desks=recovered)
        self._longest = min(missed.kept_hours, retention_days * 24) * 3600.0
        self._seen_seconds = (missed.kept_hours + SEEN_HOURS) * 60 * 60

    def hours(self) -> float:
        """How far to look back to go on where the last look ended."""
        done = cast("bytes | None", self._redis.get(self._done))
        if done is None:
            return FIRST_HOURS
        return min((self._ledger.reader.now() - float(done) + OVERLAP_SECONDS) / 3600, self.longest_hours)

    def lost(self) -> Stretch | None:
        """Of which time Redis may have lost cases, as far as they have not been looked for."""
        return self._lost.stretch()

    def recover(self, hours: float, *, goes_on: bool = False) -> Recovered:
        """Take in what could not be delivered in the last `hours`, and what Redis has lost.

        With `goes_on` the next look may begin where this one has ended. Raises nothing but `RedisError`.
        """
        run, now = self._lost.notice(), self._ledger.reader.now()
        since, lost = now - min(hours * 3600, self._longest), self._lost.stretch()
        recovered = Recovered(lost=lost, nobody_tells=self.missed.nobody_tells)
        try:
            sources = self.missed.sources()
            recovered = replace(recovered, sources=sources or 0, missed=None if sources is None else 0)
            if sources != 0:
                recovered = self._look(now, since, recovered)
        except RemoteError as error:
            recovered = replace(recovered, stopped=error)
        recovered = self._written_down(recovered, run=run, since=since if goes_on else None, lost=lost)
        if recovered.problem is None:
            self._redis.delete(self._trouble)
        else:
            self._redis.set(self._trouble, recovered.problem, ex=self._seen_seconds)
        return recovered

    def _written_down(self, recovered: Recovered, *, run: str, since: float | None, lost: Stretch | None) -> Recovered:
        """What of a look counts: nothing when Redis is another one since, which may have lost what was taken in."""
        until, left = recovered.until, recovered.lost
        done = until if until is not None and since is not None and until >= since else None
        if self._lost.looked(run=run, done=done, lost=lost, again_since=None if left is None else left.start):
            return recovered
        return replace(recovered, until=None, lost=lost, stopped=recovered.stopped or Temporary(ANOTHER_REDIS))

    def _look(self, now: float, since: float, recovered: Recovered) -> Recovered:
        look = self.missed.look(since=since, now=now)
        search = _Search(look=look, stretches=list(look.stretches), oldest=now - self._longest)
        recovered = replace(recovered, missed=look.missed)
        if recovered.lost is not None:
            try:
                recovered = replace(recovered, lost=_add_lost(recovered.lost, search))
            except Held as error:
                recovered = replace(recovered, stopped=error)
        if not search.stretches:
            return replace(recovered, until=now)
        return self._search(search, now, recovered)

    def _search(self, search: _Search, now: float, recovered: Recovered) -> Recovered:
        """Look through the time in which cases were missed."""
        until, lag = None, 0.0
        try:
            created = search.look.created(search.stretches, now=now)
            lag = created.lag
            for part in created.parts:
                self._take_in_all([candidate for candidate in part.cases if search.holds(candidate)], search)
                until = until if part.until is None else min(part.until, now)
            until = now
        except RemoteError as error:
            recovered = replace(recovered, stopped=error)
        return replace(
            recovered,
            taken_in=search.counts[Outcome.TAKEN_IN],
            known=search.counts[Outcome.KNOWN],
            unreadable=search.counts[Outcome.UNREADABLE],
            until=until,
            fresh=recovered.stopped is None and search.stretches[-1].end > now - lag,
            lost=_left_of(recovered.lost, until=None if until is None else min(until, now - lag)),
        )

    def _take_in_all(self, candidates: Sequence[Candidate], search: _Search) -> None:
        fresh = [candidate for candidate in candidates if candidate.id not in search.looked_at]
        search.looked_at |= {candidate.id for candidate in fresh}
        if not fresh:
            return
        names = [self._keys.recovery_seen(candidate.case.key if candidate.case else "") for candidate in fresh]
        seen = cast("list[bytes | None]", self._redis.mget(names))
        for candidate, remembered in zip(fresh, seen, strict=True):
            search.counts[self._take_in(candidate, search) if remembered is None else Outcome(remembered.decode())] += 1

    def _take_in(self, candidate: Candidate, search: _Search) -> Outcome:
        """What comes of a case that is seen for the first time."""
        case = candidate.case
        if case is None:
            log.warning("a ticket that may have been missed cannot be read")
            return Outcome.UNREADABLE
        if self._is_known(case.key):
            self._remember_known(case.key)
            return Outcome.KNOWN
        meant = search.look.was_meant(candidate)
        if meant is None:
            log.warning("it cannot be told whether a ticket was missed", **as_logged(case.key))
            return Outcome.UNREADABLE
        if not meant:
            self._redis.set(self._keys.recovery_seen(case.key), Outcome.OTHER.value, ex=NOT_OURS_SECONDS)
            return Outcome.OTHER
        new = self._ledger.receive(case, recovered=True)
        self._remember_known(case.key)
        return Outcome.TAKEN_IN if new is Received.NEW else Outcome.KNOWN

    def _is_known(self, key: CaseKey) -> bool:
        try:
            return self._ledger.reader.find(key) is not None
        except NewerEntryError:
            return True

    def _remember_known(self, key: CaseKey) -> None:
        """Remember that a case is known, unless Redis has lost it in this moment."""
        names = (self._keys.recovery_seen(key), self._keys.case(key), self._keys.forgotten)
        written = (key, Outcome.KNOWN.value, str(self._seen_seconds))
        self._redis.eval(_REMEMBER, len(names), *names, *written)


def _add_lost(lost: Stretch, search: _Search) -> Stretch | None:
    """Add the time of which Redis may have lost cases to the search, cut to when the service already told us of any."""
    start = max(lost.start, search.oldest, search.look.told_since())
    if start > lost.end:
        return None
    looked_for = Stretch(start=start, end=lost.end)
    search.stretches = merged([*search.stretches, looked_for])
    return looked_for


def _left_of(lost: Stretch | None, *, until: float | None) -> Stretch | None:
    """What has to be looked through again when all created before `until` has been found; None when nothing."""
    if lost is None or until is None:
        return lost
    return None if until >= lost.end else replace(lost, start=max(lost.start, until - OVERLAP_SECONDS))
