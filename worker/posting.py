"""The last step of a case: its note, unless it is there already; that it is internal; and the tag that tells of it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from rq.timeouts import JobTimeoutException

from integration import logs, note
from integration.cases import looks, transitions
from integration.cases.changes import Decide
from integration.cases.entry import Entry, Instead
from integration.errors import StillPublic
from integration.facts import Highlights, Nothing, Occasion, Receipt, as_logged, name_of
from integration.note import Note, marker
from worker.kit import Kit, claimed_at, try_some_times

log = logs.get(__name__)


def post(kit: Kit, entry: Entry) -> Decide:
    """Bring the note to its place."""
    receipt = _public_note(entry) or _note_of_earlier_attempt(kit, entry) or _new_note(kit, entry)
    if receipt.public:
        _make_private(kit, entry, receipt.id)
    try_some_times(entry, kit.place(entry).tag, otherwise="the note has no tag")
    kit.answered(kit.routes.place(entry.key), receipt.pace)
    in_run = entry.redis_run if receipt.in_redis else None
    return partial(transitions.posted, note_id=receipt.id, was_public=receipt.public, in_run=in_run)


def _public_note(entry: Entry) -> Receipt | None:
    """The note that customers can read, as an earlier attempt found."""
    return None if entry.note.public_id is None else Receipt(id=entry.note.public_id, public=True)


def _make_private(kit: Kit, entry: Entry, note_id: str) -> None:
    """Hide our note from customers; `StillPublic` when that does not work, or not in this step's time."""
    try:
        kit.place(entry).make_private(entry.target, note_id)
    except JobTimeoutException as error:
        why = f"{kit.routes.place(entry.key)} does not answer in time"
        raise StillPublic(f"the note is public and could not be made private: {why}", note_id=note_id) from error
    log.error("our note was public, and is private now", **as_logged(entry.key))


def _note_of_earlier_attempt(kit: Kit, entry: Entry) -> Receipt | None:
    place, target = kit.place(entry), entry.target
    if entry.redis_restarted or entry.recovered:  # an attempt, and its request, may have been forgotten
        markers = list(map(marker.of, entry.all_requests))
        if entry.note.merged_into:  # any other note there may be that case's own
            return place.find_note(target, markers=markers)
        return place.find_any_note(target, markers=markers, since=entry.begun_at if entry.on_demand else 0.0)
    if not entry.earlier_requests:
        return None
    return place.find_note(target, markers=list(map(marker.of, entry.earlier_requests)))


def _new_note(kit: Kit, entry: Entry) -> Receipt:
    if not entry.person.known:  # a callback told of the request before the person was written down
        person = kit.place(entry).details(entry.target).people[0]
        entry = replace(entry, person=person)
    return kit.place(entry).write(entry.target, _composed(kit, entry))


def _composed(kit: Kit, entry: Entry) -> Note:
    """The note; a template of the admin's that fails with it is left out."""
    request_id = entry.request.id
    if request_id is None:
        raise ValueError("a ready entry without a request")
    compose = partial(
        note.compose,
        _told(entry),
        request_id=request_id,
        links=kit.links_of(entry),
        person=entry.person,
        occasion=_occasion(kit, entry),
    )
    try:
        return compose(style=kit.style)
    except note.TemplateFailed as error:
        why = f"NOTE_TEMPLATE {error}: this note has the usual layout"
        log.warning("template failed", **as_logged(entry.key), why=why)
        return compose(style=replace(kit.style, template=None))


def _told(entry: Entry) -> Highlights | Nothing:
    match entry.note.instead:
        case Instead.EMPTY:
            return Nothing.NO_SESSION
        case Instead.FAILED:
            return Nothing.FAILED
    if entry.note.highlights is None:
        raise ValueError("a ready entry without highlights")
    return entry.note.highlights


def _occasion(kit: Kit, entry: Entry) -> Occasion:
    source = entry.request.reused_from
    return Occasion(
        name=entry.name or "",
        kind=kit.routes.kind(entry.key),
        said=entry.said,
        case=name_of(entry.target),
        created_at=entry.moment,
        now=claimed_at(entry),
        older=entry.note.instead is None and looks.older(entry, kit.policy),
        on_demand=entry.on_demand,
        reused_from="" if source is None else name_of(source),
        merged_from=name_of(entry.key) if entry.note.merged_into else "",
    )
