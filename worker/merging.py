"""What becomes of a case that takes no note any more because it was merged into another: its note goes there."""

from __future__ import annotations

from functools import partial
from typing import Final

from integration.cases import transitions
from integration.cases.changes import Decide
from integration.cases.entry import FINAL, Entry, State
from integration.cases.stored import NewerEntryError
from integration.errors import CaseClosed, NotThere
from integration.facts import CaseKey, name_of
from integration.note import marker
from worker.kit import Kit

_MOST_MERGES: Final = 5  # that are followed, one after the other


def sent_on(kit: Kit, entry: Entry, error: CaseClosed) -> Decide:
    """Where the case goes on; `error` again when it was merged into none."""
    target = _merged_into(kit, entry)
    if target is None:
        raise error
    why = _has_its_own(kit, entry, target)
    if why is not None:
        return partial(transitions.ended, state=State.SKIPPED, reason=f"merged into {name_of(target)}, {why}")
    return partial(transitions.sent_on, target=target)


def _merged_into(kit: Kit, entry: Entry) -> CaseKey | None:
    gone = (entry.key, *entry.note.merged_into)
    if len(gone) > _MOST_MERGES:
        return None
    try:
        target = kit.place(entry).merged_into(entry.target)
    except NotThere:
        return None
    return None if target in gone else target


def _has_its_own(kit: Kit, entry: Entry, target: CaseKey) -> str | None:
    """Why the other case needs no note of this one; None when it does."""
    try:
        other = kit.ledger.reader.find(target)
    except NewerEntryError:
        other = None
    same = other is not None and (other.pseudonym == entry.pseudonym or not entry.person.known)
    if other is not None and same and (other.state is State.POSTED or other.state not in FINAL):
        return "which has a note of its own" if other.state is State.POSTED else "whose own note is on its way"
    requests = entry.all_requests
    if requests and kit.place(entry).find_note(target, markers=list(map(marker.of, requests))) is not None:
        return "where its note is"
    return None
