"""The first step of a case: read what its desk knows of it, and ask the summariser what the person did.

What the person wrote leaves here as a question, and is kept nowhere: each look reads it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from integration import logs
from integration.cases import claims, looks, transitions
from integration.cases.changes import Decide
from integration.cases.entry import Entry, State
from integration.cases.lanes import Wait
from integration.cases.sharing import Shared
from integration.cases.stored import NewerEntryError
from integration.errors import CaseClosed, NoAddress, NoNotePossible, QuestionRefused
from integration.facts import Details, Stretch, as_logged
from worker.kit import Kit, claimed_at, try_some_times

_NEXT_LOOK_SECONDS: Final = 2.0  # while another case of the person is asked about

log = logs.get(__name__)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A case that was read: its `entry` with what is known now, and what is to be asked."""

    entry: Entry
    question: str | None = field(default=None, repr=False)
    within: Stretch | None = None  # the time that the case said it is about
    own: bool = False  # it brought its own question: what was asked for others is no answer to that

    def known(self, current: Entry) -> Entry:
        """The entry as it is in Redis now, with what is known of the case."""
        read = self.entry
        return transitions.identified(
            current,
            person=read.person,
            pseudonym=read.pseudonym,
            people=read.people,
            name=read.name,
            created_at=read.created_at,
            request=replace(current.request, project=read.request.project, own_range=read.request.own_range),
        )

    def then(self, decide: Decide) -> Decide:
        """What is decided of the entry with all that is known."""
        return lambda current, now: decide(self.known(current), now)


def prepare(kit: Kit, entry: Entry) -> Prepared:
    """Read the case where that is needed, and take its tag off that asks for highlights."""
    if not kit.routes.is_read(entry):
        return Prepared(entry=_looked_for(kit, entry), question=kit.wishes.fixed_question)
    try:
        details = kit.place(entry).details(entry.target)
    except CaseClosed:
        raise
    except (NoAddress, NoNotePossible) as error:
        merged = bool(entry.note.merged_into)  # the other case's person is somebody else
        if not entry.person.known or not (merged or isinstance(error, NoAddress)):
            raise
        return Prepared(entry=_looked_for(kit, entry), question=kit.wishes.fixed_question)
    if details.tagged:
        try_some_times(entry, kit.place(entry).take_tag_off, otherwise="the tag that asks for highlights stays")
    kit.answered(kit.routes.place(entry.key))
    read = _read(kit, entry, details)
    own = details.question is not None or details.within is not None
    return Prepared(entry=read, question=_question(kit, read, details), within=details.within, own=own)


def ask(kit: Kit, prepared: Prepared) -> Decide:
    """Ask the summariser, unless it was asked about the same person just now."""
    entry, service = prepared.entry, kit.routes.project(prepared.entry)
    whose = None if prepared.own else kit.ledger.sharing.whose(looks.of(entry, kit.policy)[0].person, service)
    if whose is None or not _may_reuse(entry):
        return _ask(kit, prepared, whose)
    if not kit.ledger.sharing.begin(whose, entry.key):
        why = "another ticket of the same person is asked about just now"
        return _deferred(prepared, Wait(until=claimed_at(entry) + _NEXT_LOOK_SECONDS, why=why))
    try:
        reused = _reused(kit, entry, whose)
        return _ask(kit, prepared, whose) if reused is None else prepared.then(reused)
    finally:
        kit.ledger.sharing.end(whose)


def _ask(kit: Kit, prepared: Prepared, whose: str | None) -> Decide:
    entry, service, question = prepared.entry, kit.routes.project(prepared.entry), prepared.question
    may = kit.ledger.lanes.ask(service)
    if isinstance(may, Wait):
        return _deferred(prepared, may)
    send = _sender(kit, prepared)
    try:
        request_id = send(question if may.with_question else None)
    except QuestionRefused as error:
        may = kit.ledger.lanes.ask(service)
        if isinstance(may, Wait):
            return _deferred(prepared, may)
        request_id = send(None)
        kit.ledger.lanes.refused_question(service)
        log.warning("questions are left out for a day", **as_logged(entry.key), service=service, why=str(error))
    kit.answered(service)
    if whose is not None:
        kit.ledger.sharing.keep(whose, Shared(request_id=request_id, case=entry.key, look=entry.request.look))
    return prepared.then(partial(_requested, request_id=request_id, whose=whose, kit=kit))


def _requested(current: Entry, now: float, *, request_id: str, whose: str | None, kit: Kit) -> Entry:
    return transitions.requested(_shared_as(current, whose), now, request_id=request_id, policy=kit.policy)


def _deferred(prepared: Prepared, wait: Wait) -> Decide:
    return prepared.then(lambda current, _: claims.deferred(current, until=wait.until, error=wait.why))


def _sender(kit: Kit, prepared: Prepared) -> Callable[[str | None], str]:
    """What asks with a question, or without one; the request's id."""
    entry, within = prepared.entry, prepared.within or _window(kit, prepared.entry)
    summariser, person = kit.summariser_of(entry), entry.person

    def send(question: str | None) -> str:
        url = kit.callback.address(entry.key, now=time.time(), project=entry.request.project)
        return summariser.ask(person, callback_url=url, question=question, within=within)

    return send


def _window(kit: Kit, entry: Entry) -> Stretch | None:
    look = looks.present(entry, kit.policy)
    if look is None or not look.within:
        return None
    return looks.window(entry, kit.policy, now=claimed_at(entry))


# -- What is read


def _read(kit: Kit, entry: Entry, details: Details) -> Entry:
    """The entry with what its desk told; of a case that was merged, the person is still its own when that is known."""
    if not (details.people or entry.people or entry.person.known):
        raise NoNotePossible("whom it is about is known no more")
    merged = bool(entry.note.merged_into)
    own = entry.people or (looks.one_by_one(entry.person) if merged else ())
    theirs = not own or own[0] in details.people
    keeps_moment = merged or entry.on_demand or entry.created_at is not None
    project = entry.request.project if kit.choose is None else kit.choose(details)
    request = replace(
        entry.request,
        project=None if project == kit.routes.summariser else project,
        own_range=details.within is not None,
    )
    known = replace(
        entry,
        people=own or details.people,
        name=details.name if theirs else entry.name,
        created_at=entry.moment if keeps_moment else details.created,
        request=request,
    )
    return _looked_for(kit, known)


def _looked_for(kit: Kit, entry: Entry) -> Entry:
    """The entry with the identity that is looked for now."""
    people = entry.people or looks.one_by_one(entry.person)
    known = replace(entry, people=people)
    look = looks.present(known, kit.policy)
    return transitions.identified(
        known, person=known.person if look is None else look.person, pseudonym=kit.ledger.pseudonyms.of_people(people)
    )


def _question(kit: Kit, entry: Entry, details: Details) -> str | None:
    """What is asked of the sessions; of another's words nothing is."""
    if details.question is not None:
        return details.question
    if not kit.wishes.asks_of_ticket:
        return kit.wishes.fixed_question
    if not set(entry.people) & set(details.people):
        return None
    from integration.note.question import question as question_of  # noqa: PLC0415 -- its tables are large

    return question_of(details.subject, details.text, people=(details.name,) if details.name else ())


# -- Of another case


def _may_reuse(entry: Entry) -> bool:
    """Whether a request that was made for another case of the person would do."""
    return not (entry.request.look or entry.request.own_only or entry.on_demand)


def _reused(kit: Kit, entry: Entry, whose: str) -> Decide | None:
    """Go on with the request that was made for another case of the person; None when there is none, or it is no use."""
    shared = kit.ledger.sharing.find(whose)
    if shared is None or shared.case == entry.key or shared.request_id in entry.request.old_ids:
        return None
    kit.ledger.sharing.follow(shared.request_id, entry.key)
    at_once = _is_answered(kit, shared)

    def decide(current: Entry, now: float) -> Entry:
        return transitions.reused(
            _shared_as(current, whose),
            now,
            request_id=shared.request_id,
            source=shared.case,
            look=shared.look,
            at_once=at_once,
            policy=kit.policy,
        )

    return decide


def _shared_as(entry: Entry, whose: str | None) -> Entry:
    return replace(entry, request=replace(entry.request, shared=whose))


def _is_answered(kit: Kit, shared: Shared) -> bool:
    """Whether the other case has its answer, or none is waited for there any more."""
    try:
        source = kit.ledger.reader.find(shared.case)
    except NewerEntryError:
        return False
    waits = source is not None and source.state is State.REQUESTED and source.request.id == shared.request_id
    return not waits
