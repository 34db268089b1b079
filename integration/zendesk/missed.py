"""The tickets that Zendesk could not tell us about: from its log of deliveries, its tickets, and our trigger.

Zendesk's log says when deliveries were not made, but not of which tickets. So the tickets that were created then are
looked through, and those that our trigger would have told of are the missed ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from integration.errors import Held, RemoteError
from integration.facts import NewCase, Stretch, case_key
from integration.missed_cases import Candidate, Candidates, Created
from integration.ports import Wait
from integration.settings import Settings
from integration.zendesk import trigger_match, trouble
from integration.zendesk.created_tickets import CreatedTickets, Export, Record
from integration.zendesk.delivery_log import KEPT_HOURS, InvocationLog, Missed, all_the_time
from integration.zendesk.reader import Absent, Forbidden, Reader, objects, segment
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.times import unix
from integration.zendesk.trigger_match import Rule
from integration.zendesk.webhook import DESK, ENDPOINT, normalised_endpoint

_MARK: Final = re.compile(r"\[helpdesk-highlights (\S+?)[\s\]]")
_MOST: Final = 10**18  # no ticket's number has more digits

NO_PERMISSION: Final = (
    "Zendesk does not let us read its log of deliveries, nor find our trigger: the OAuth client needs the scope "
    "`read`, and its user has to be an admin or in a role that may manage webhooks and triggers"
)
NO_TRIGGER: Final = (
    "Redis may have lost tickets, and Zendesk shows us no trigger that calls our webhook and says which should have "
    "come: run `install`, or let the user of the OAuth client manage triggers, too"
)


class MissedTickets:
    """Finds the missed tickets of one account; `wait` is called between its requests. Raises `RemoteError`."""

    kept_hours = KEPT_HOURS
    nobody_tells = "no webhook in Zendesk has our endpoint"
    lag = Export.SEARCH.lag

    def __init__(self, settings: Settings, *, wait: Wait) -> None:
        self._settings = settings.of(ZendeskSettings)
        self._endpoint = f"{settings.public_url}{ENDPOINT}"
        self._reader = Reader(settings.of(ZendeskSettings), wait=wait)
        self._log = InvocationLog(self._reader, endpoint=self._endpoint)
        self._webhooks: list[Record] | None = None

    def in_words(self, error: RemoteError) -> str:
        """What an admin is told of an error of Zendesk's, and what to do."""
        return str(trouble.in_words(error, self._settings))

    def sources(self) -> int | None:
        """How many webhooks lead to us; None when Zendesk does not show them."""
        try:
            self._webhooks = self._log.webhooks()
        except Forbidden:
            self._webhooks = None
        return None if self._webhooks is None else len(self._webhooks)

    def look(self, *, since: float, now: float) -> LookAtTickets:
        """Find out when deliveries were missed, and what our triggers would have told of."""
        webhooks, triggers = self._webhooks, self._triggers()
        try:
            if webhooks is not None:
                missed = self._log.missed([str(webhook["id"]) for webhook in webhooks], since=since, now=now)
                rules = None if triggers is None else trigger_match.rules_of(webhooks, triggers)
                return LookAtTickets(self._reader, missed=missed, rules=rules or None, sure=True)
        except Forbidden:
            pass
        ours = [trigger for trigger in triggers or () if trigger.get("active") is True and self._marked(trigger)]
        if not ours:
            raise Held(NO_PERMISSION)
        missed = Missed(deliveries=0, stretches=(all_the_time(since=since, now=now),))
        rules = [trigger_match.rule_of(trigger) for trigger in ours]
        return LookAtTickets(self._reader, missed=missed, rules=rules, sure=False)

    def _triggers(self) -> list[Record] | None:
        """The account's triggers; None when Zendesk does not show them."""
        try:
            return [trigger for page in self._reader.pages("triggers", "triggers") for trigger in page]
        except (Forbidden, Absent):
            return None

    def _marked(self, trigger: Record) -> bool:
        """Whether `install` made a trigger for our endpoint."""
        marks = _MARK.findall(str(trigger.get("description")))
        return any(normalised_endpoint(mark) == normalised_endpoint(self._endpoint) for mark in marks)


class LookAtTickets:
    """One look; it is `sure` when Zendesk's log told that deliveries were missed in these stretches."""

    def __init__(self, reader: Reader, *, missed: Missed, rules: Sequence[Rule] | None, sure: bool) -> None:
        self.missed = missed.deliveries if sure else None
        self.stretches = missed.stretches
        self._reader = reader
        self._rules = rules  # None: Zendesk does not show us the triggers
        self._sure = sure

    def told_since(self) -> float:
        """Since when our trigger tells of tickets; `Held` when Zendesk does not show it."""
        if self._rules is None:
            raise Held(NO_TRIGGER)
        return trigger_match.earliest(self._rules)

    def created(self, stretches: Sequence[Stretch], *, now: float) -> Created:
        """The tickets that were created then, but for those that were deleted since."""
        tickets = CreatedTickets(self._reader)
        export = tickets.usable_export(now=now)
        return Created(lag=export.lag, parts=self._parts(tickets, stretches, export, now))

    @staticmethod
    def _parts(
        tickets: CreatedTickets, stretches: Sequence[Stretch], export: Export, now: float
    ) -> Iterator[Candidates]:
        for batch in tickets.within(stretches, export=export, now=now):
            shown = [record for record in batch.records if record.get("status") != "deleted"]
            yield Candidates(cases=[_candidate(record) for record in shown], until=batch.until)

    def was_meant(self, candidate: Candidate) -> bool | None:
        """Whether our trigger would have told of a ticket."""
        record = candidate.record
        fires = None if self._rules is None else trigger_match.would_fire(self._rules, record)
        if fires is None and self._rules is not None:
            before = [trigger_match.would_fire(self._rules, created) for created in self._as_created(record)]
            fires = (True if True in before else None if None in before else False) if before else None
        return True if fires is None and self._sure else fires

    def _as_created(self, record: Record) -> list[trigger_match.Record]:
        """The ticket as it was when it was created; none when Zendesk does not say."""
        try:
            answer = self._reader.get(f"tickets/{segment(record.get('id'))}/audits", {"page[size]": "1"})
            audits = objects(answer, "audits")
        except (Forbidden, Absent):
            return []
        return trigger_match.as_created(record, audits[0]) if audits else []


def _candidate(record: Record) -> Candidate:
    number, created = record.get("id"), unix(record.get("created_at"))
    readable = type(number) is int and 0 < number < _MOST and created is not None
    case = (
        NewCase(key=case_key(DESK, number), number=number, created=created)
        if readable and type(number) is int
        else None
    )
    return Candidate(id=str(number), case=case, created=created, record=record)


def usable_sources(settings: Settings, *, now: float, wait: Wait) -> tuple[Export, bool]:
    """How missed tickets can be found, and whether Zendesk's log says when; raises `RemoteError` when not at all."""
    reader = Reader(settings.of(ZendeskSettings), wait=wait)
    export = CreatedTickets(reader).usable_export(now=now)
    try:
        InvocationLog(reader, endpoint=f"{settings.public_url}{ENDPOINT}").webhooks()
    except Forbidden:
        return export, False
    return export, True
