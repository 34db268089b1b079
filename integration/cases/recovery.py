"""Recovery: takes in the tickets that never reached us, or that Redis has lost, from Zendesk's own list of tickets.

Zendesk's log says when deliveries were not made, but not of which tickets; `integration.cases.lost_writes` says of
which time Redis may have lost some. So the tickets that were created then are looked through, and those that our
trigger would have told of and the ledger does not know are taken in.

    <prefix>:recover:seen:<id>      what came of a ticket that was looked at, for eight days: none comes twice
    <prefix>:recover:done           up to when all was looked through (Unix seconds of Redis' clock)
    <prefix>:recover:lock           which worker looks now, or did in the last ten minutes
    <prefix>:recover:trouble        what stands in the way, for the status page

What was taken in once is never taken in again, even after its entry has expired or was erased.
"""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from redis import Redis

from integration import logs
from integration.cases import ledger_scripts
from integration.cases.entry import NewerEntryError
from integration.cases.ledger import Ledger
from integration.cases.lost_writes import LostWrites
from integration.errors import Held, RemoteError, Temporary
from integration.settings import Settings
from integration.zendesk import trigger_match
from integration.zendesk.created_tickets import CreatedTickets, Record, Way
from integration.zendesk.delivery_log import KEPT_HOURS, InvocationLog, Missed, Stretch, merged, whole
from integration.zendesk.reader import Absent, Forbidden, Reader, Wait, objects, segment, unix
from integration.zendesk.trigger_match import Rule
from integration.zendesk.webhook import ENDPOINT, NewTicket, place

SEEN_SECONDS: Final = (KEPT_HOURS + 24) * 60 * 60  # longer than Zendesk's log remembers
NOT_OURS_SECONDS: Final = 60 * 60  # the trigger may be another one soon
OVERLAP_SECONDS: Final = 60 * 60  # of a look, which the next one looks at again: Zendesk's log and its search are late
_MARK: Final = re.compile(r"\[helpdesk-highlights (\S+?)[\s\]]")
_MOST: Final = 10**18  # no ticket's number has more digits

NO_PERMISSION: Final = (
    "Zendesk does not let us read its log of deliveries, nor find our trigger: the OAuth client needs the scope "
    "`read`, and its user has to be an admin or in a role that may manage webhooks and triggers"
)
ANOTHER_REDIS: Final = "Redis has become another one meanwhile, all of it is looked through again"
NO_TRIGGER: Final = (
    "Redis may have lost tickets, and Zendesk shows us no trigger that calls our webhook and says which should have "
    "come: run `install`, or let the user of the OAuth client manage triggers, too"
)

log = logs.get(__name__)


class Outcome(enum.StrEnum):
    """What came of a ticket."""

    TAKEN_IN = "taken in"
    KNOWN = "known"
    UNREADABLE = "unreadable"
    OTHER = "another kind of ticket"


@dataclass(frozen=True, kw_only=True)
class Recovered:
    """What a look for missed tickets brought; `stopped` when it did not come to its end."""

    webhooks: int = 0
    missed: int | None = None  # deliveries that were not made; None when Zendesk does not show us its log
    taken_in: int = 0
    known: int = 0
    unreadable: int = 0
    until: float | None = None  # all that was created before has been looked through
    fresh: bool = False  # the last of it is so new that Zendesk may not show its tickets yet
    lost: Stretch | None = None  # Redis may have lost tickets of then, which have to be looked for (again)
    stopped: RemoteError | None = None

    @property
    def problem(self) -> str | None:
        """What an admin should know of."""
        if self.stopped is not None:
            return str(self.stopped)
        if self.unreadable:
            return f"{self.unreadable} tickets that may be missing cannot be judged"
        return None if self.webhooks or self.missed is None else "no webhook in Zendesk has our endpoint"


@dataclass(kw_only=True)
class _Look:
    """A look for missed tickets, while it goes on."""

    oldest: float  # older tickets may be done and forgotten
    missed: Missed
    rules: Sequence[Rule] | None = None  # None: Zendesk does not show us the triggers
    lost: Stretch | None = None  # a part of what is missed, of which Redis may have lost tickets
    sure: bool = True  # that deliveries were missed in these stretches
    tally: Counter[Outcome] = field(default_factory=Counter)
    looked_at: set[str] = field(default_factory=set)  # the exports may show a ticket twice


class Recovery:
    """Looks for missed tickets in one Zendesk account; `wait` is called between its requests."""

    def __init__(self, settings: Settings, ledger: Ledger, redis: Redis, *, wait: Wait) -> None:
        self._ledger = ledger
        self._redis = redis
        self._keys = settings.keys
        self._lost = LostWrites(redis, settings.keys)
        self._longest = min(KEPT_HOURS, settings.retention_days * 24) * 3600.0
        self._endpoint = f"{settings.public_url}{ENDPOINT}"
        self._reader = Reader(settings.zendesk, wait=wait)
        self._log = InvocationLog(self._reader, endpoint=self._endpoint)
        self._created = CreatedTickets(self._reader)

    def recover(self, hours: float, *, goes_on: bool = False) -> Recovered:
        """Take in what could not be delivered in the last `hours`, and what Redis has lost.

        With `goes_on` the next look may begin where this one has ended. Raises nothing but `RedisError`.
        """
        run, now = self._lost.notice(), self._ledger.now()
        since, lost = now - min(hours * 3600, self._longest), self._lost.stretch()
        recovered = Recovered(lost=lost)
        try:
            webhooks = self._webhooks()
            recovered = replace(recovered, webhooks=len(webhooks or ()), missed=None if webhooks is None else 0)
            if webhooks != []:
                recovered = self._look(webhooks, now, since, recovered)
        except RemoteError as error:
            recovered = replace(recovered, stopped=error)
        recovered = self._written_down(recovered, run=run, since=since if goes_on else None, lost=lost)
        if recovered.problem is None:
            self._redis.delete(self._keys.recovery_trouble)
        else:
            self._redis.set(self._keys.recovery_trouble, recovered.problem, ex=SEEN_SECONDS)
        return recovered

    def _written_down(self, recovered: Recovered, *, run: str, since: float | None, lost: Stretch | None) -> Recovered:
        """What of a look counts: nothing when Redis is another one since, which may have lost what was taken in."""
        until, left = recovered.until, recovered.lost
        done = until if until is not None and since is not None and until >= since else None
        if self._lost.looked(run=run, done=done, lost=lost, again_since=None if left is None else left.start):
            return recovered
        return replace(recovered, until=None, lost=lost, stopped=recovered.stopped or Temporary(ANOTHER_REDIS))

    def _webhooks(self) -> list[Record] | None:
        """Our webhooks; None when Zendesk does not show them."""
        try:
            return self._log.webhooks()
        except Forbidden:
            return None

    def _look(self, webhooks: list[Record] | None, now: float, since: float, recovered: Recovered) -> Recovered:
        look = self._begun(webhooks, now, since)
        recovered = replace(recovered, missed=look.missed.deliveries if look.sure else None)
        if recovered.lost is not None and look.rules is not None:
            _add_lost(recovered.lost, look)
            recovered = replace(recovered, lost=look.lost)
        elif recovered.lost is not None:
            recovered = replace(recovered, stopped=Held(NO_TRIGGER))
        stretches = look.missed.stretches
        if not stretches:
            return replace(recovered, until=now)
        until = None
        try:
            way = self._created.way(now=now)
            for found in self._created.within(stretches, way=way, now=now):
                self._take_in_all([each for each in found.records if _is_in(each, look)], look)
                until = until if found.until is None else min(found.until, now)
            until = now
        except RemoteError as error:
            recovered = replace(recovered, stopped=error)
        return replace(
            recovered,
            taken_in=look.tally[Outcome.TAKEN_IN],
            known=look.tally[Outcome.KNOWN],
            unreadable=look.tally[Outcome.UNREADABLE],
            until=until,
            fresh=recovered.stopped is None and stretches[-1].end > now - way.lag,
            lost=_left_of(recovered.lost, until=None if until is None else min(until, now - way.lag)),
        )

    def _begun(self, webhooks: list[Record] | None, now: float, since: float) -> _Look:
        """When deliveries were missed, and what our triggers would have told of."""
        triggers = self._triggers()
        oldest = now - self._longest
        try:
            if webhooks is not None:
                missed = self._log.missed([str(each["id"]) for each in webhooks], since=since, now=now)
                rules = None if triggers is None else trigger_match.rules(webhooks, triggers)
                return _Look(oldest=oldest, missed=missed, rules=rules or None)
        except Forbidden:
            pass
        ours = [each for each in triggers or () if each.get("active") is True and self._marked(each)]
        if not ours:
            raise Held(NO_PERMISSION)
        missed = Missed(deliveries=0, stretches=(whole(since=since, now=now),))
        return _Look(oldest=oldest, missed=missed, rules=[trigger_match.rule_of(each) for each in ours], sure=False)

    def _triggers(self) -> list[Record] | None:
        """The account's triggers; None when Zendesk does not show them."""
        try:
            return [each for page in self._reader.pages("triggers", "triggers") for each in page]
        except (Forbidden, Absent):
            return None

    def _marked(self, trigger: Record) -> bool:
        """Whether `install` made a trigger for our endpoint."""
        marks = _MARK.findall(str(trigger.get("description")))
        return any(place(each) == place(self._endpoint) for each in marks)

    def _take_in_all(self, records: list[Record], look: _Look) -> None:
        records = [each for each in records if str(each.get("id")) not in look.looked_at]
        look.looked_at |= {str(each.get("id")) for each in records}
        if not records:
            return
        names = [self._keys.recovery_seen(str(each.get("id"))) for each in records]
        seen = cast("list[bytes | None]", self._redis.mget(names))
        for each, remembered in zip(records, seen, strict=True):
            look.tally[self._take_in(each, look) if remembered is None else Outcome(remembered.decode())] += 1

    def _take_in(self, record: Record, look: _Look) -> Outcome:
        """What comes of a ticket that is seen for the first time."""
        number = record.get("id")
        if type(number) is not int or not 0 < number < _MOST or unix(record.get("created_at")) is None:
            log.warning("a ticket that may have been missed cannot be read")
            return Outcome.UNREADABLE
        if self._is_known(number):
            self._remember_known(number)
            return Outcome.KNOWN
        wanted = self._wanted(number, record, look)
        if wanted is None:
            log.warning("it cannot be told whether a ticket was missed", ticket_id=number)
            return Outcome.UNREADABLE
        if not wanted:
            self._redis.set(self._keys.recovery_seen(str(number)), Outcome.OTHER.value, ex=NOT_OURS_SECONDS)
            return Outcome.OTHER
        new = self._ledger.receive(NewTicket(ticket_id=number), recovered=True)
        self._remember_known(number)
        return Outcome.TAKEN_IN if new else Outcome.KNOWN

    def _wanted(self, number: int, record: Record, look: _Look) -> bool | None:
        """Whether our trigger would have told of a ticket.

        When that cannot be told and deliveries were missed, yes: a note too many harms nobody.
        """
        fires = None if look.rules is None else trigger_match.would_fire(look.rules, record)
        if fires is None and look.rules is not None:
            before = [trigger_match.would_fire(look.rules, each) for each in self._as_created(number, record)]
            fires = (True if True in before else None if None in before else False) if before else None
        return True if fires is None and look.sure else fires

    def _as_created(self, number: int, record: Record) -> list[trigger_match.Record]:
        """The ticket as it was when it was created; none when Zendesk does not tell."""
        try:
            answer = self._reader.get(f"tickets/{segment(number)}/audits", {"page[size]": "1"})
            audits = objects(answer, "audits")
        except (Forbidden, Absent):
            return []
        return trigger_match.as_created(record, audits[0]) if audits else []

    def _is_known(self, number: int) -> bool:
        try:
            return self._ledger.find(number) is not None
        except NewerEntryError:
            return True

    def _remember_known(self, number: int) -> None:
        """Remember that a ticket is known, unless Redis has lost it in this moment."""
        names = (self._keys.recovery_seen(str(number)), self._keys.ticket(number), self._keys.forgotten)
        written = (str(number), Outcome.KNOWN.value, str(SEEN_SECONDS))
        self._redis.eval(ledger_scripts.REMEMBER, len(names), *names, *written)


def ways(settings: Settings, *, now: float, wait: Wait) -> tuple[Way, bool]:
    """How missed tickets can be found, and whether Zendesk's log says when; raises `RemoteError` when not at all."""
    reader = Reader(settings.zendesk, wait=wait)
    way = CreatedTickets(reader).way(now=now)
    try:
        InvocationLog(reader, endpoint=f"{settings.public_url}{ENDPOINT}").webhooks()
    except Forbidden:
        return way, False
    return way, True


def _add_lost(lost: Stretch, look: _Look) -> None:
    """Have the time looked through of which Redis may have lost tickets, as far as our trigger told of any then."""
    start = max(lost.start, look.oldest, trigger_match.earliest(look.rules or ()))
    if start <= lost.end:
        look.lost = Stretch(start=start, end=lost.end)
        look.missed = replace(look.missed, stretches=tuple(merged([*look.missed.stretches, look.lost])))


def _left_of(lost: Stretch | None, *, until: float | None) -> Stretch | None:
    """What has to be looked through again when all created before `until` has been found; None when nothing."""
    if lost is None or until is None:
        return lost
    return None if until >= lost.end else replace(lost, start=max(lost.start, until - OVERLAP_SECONDS))


def _is_in(record: dict[str, Any], look: _Look) -> bool:
    """Whether a ticket was created when some were missed, and is not too old; one without a time may be."""
    if record.get("status") == "deleted":
        return False
    created = unix(record.get("created_at"))
    if created is None:
        return True
    return created >= look.oldest and any(int(each.start) <= created <= each.end for each in look.missed.stretches)
