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
    own = _noted(kit, entry, target)
    if own is not None:
        return "which has a note of its own" if own is State.POSTED else "whose own note is on its way"
    for other in kit.ledger.gathering.came_before(entry.key, target=target):
        if _noted(kit, entry, other) is not None:
            return f"which gets the note of {name_of(other)}"
    requests = entry.all_requests
    if requests and kit.place(entry).find_note(target, markers=list(map(marker.of, requests))) is not None:
        return "where its note is"
    return None


def _noted(kit: Kit, entry: Entry, key: CaseKey) -> State | None:
    """The state of another case of the same person that has its note, or will have; None when it will not."""
    try:
        other = kit.ledger.reader.find(key)
    except NewerEntryError:
        return None
    if other is None or (entry.person.known and other.pseudonym != entry.pseudonym):
        return None
    return other.state if other.state is State.POSTED or other.state not in FINAL else None
