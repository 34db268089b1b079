"""The stored form of an entry: JSON, part by part, without the fields that hold their default; no I/O.

    {"v": 3, "state": "ready", "wait": ..., "redis_run": "e91f...", "received_at": ..., ...}

The names are those of the fields; the case's key is not among them, for an entry is stored under it. A field that is
added needs no line here, unless it holds something else than texts, numbers and tuples of them: then it has its reader
in `_READERS`. A release reads what an older one wrote, for what is not there has its default, and ignores the fields
that it does not know. What an entry says in one place it does not say in another: a number stands there, and its
history counts from when the case came (`_shortened`).

Redis itself fills in a new entry, with its own time (`new_entry.lua`), and claims one whose beginning shows that
nothing stands in the way (`take.lua`): so each begins with its version, its state, until when it waits, and the run of
Redis in which it was written. Such a claim stands in front, `"claimed": [lease, when, ...]`, until the entry is written
anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from typing import Any, Final, cast

from integration.cases import claims
from integration.cases.entry import FINAL, Claim, Entry, Instead, Note, Request, State, Trouble
from integration.facts import CaseKey, Highlights, Person, Said, Session

VERSION: Final = 3  # an entry of a newer version is left alone


class NewerEntryError(Exception):
    """The entry was written by a newer release, or cannot be read: it is left alone."""


def dump(entry: Entry) -> str:
    """The entry as JSON."""
    return json.dumps(_plain(entry), separators=(",", ":"))


def dump_without_times(entry: Entry) -> str:
    """A new entry as JSON, for Redis to put in front what it begins with, its own times and its run id."""
    stored = _plain(entry)
    for name in (*_beginning(entry), "received_at", "entered_at"):
        del stored[name]
    return json.dumps(stored, separators=(",", ":"))


def beginning(state: State) -> str:
    """What an entry in a state begins with, up to the time that it waits until; as a pattern of Lua's it is itself."""
    return f'{{"v":{VERSION},"state":"{state}","wait":'


def load(text: bytes | str, key: CaseKey) -> Entry:
    """The entry of a case, an older release's too; `NewerEntryError` when a newer one wrote it, or none of ours."""
    try:
        stored = json.loads(text)
        if stored["v"] <= VERSION:
            entry = _read(Entry, {**_lengthened(stored), "key": key})
            return claims.taken(entry, *stored["claimed"]) if "claimed" in stored else entry
    except (ValueError, TypeError, KeyError, AttributeError) as error:  # one such entry must not stop all others
        raise NewerEntryError from error
    raise NewerEntryError


def whose(document: bytes) -> tuple[object, object]:
    """The address and the pseudonym in an entry of whatever version; ValueError and such when it is no entry."""
    stored = json.loads(document)
    return stored.get("person", {}).get("email"), stored.get("pseudonym")


# -- Written


def _plain(entry: Entry) -> dict[str, Any]:
    stored = {**_beginning(entry), **_changed(entry)}
    for name in _PARTS:
        if name in stored:
            stored[name] = _changed(stored[name])
    if entry.people:
        stored["people"] = [_changed(person) for person in entry.people]
    if entry.said is not None:
        stored["said"] = _changed(entry.said)
    if entry.note.highlights is not None:
        stored["note"]["highlights"] = _plain_highlights(entry.note.highlights)
    del stored["key"]
    return _shortened(stored, entry)


def _beginning(entry: Entry) -> dict[str, Any]:
    """What Redis' own claim looks at, in its order; nobody claims an entry in its final state."""
    wait = {} if entry.state in FINAL else {"wait": entry.wait_until}
    return {"v": VERSION, "state": str(entry.state), **wait, "redis_run": entry.redis_run}


def _shortened(stored: dict[str, Any], entry: Entry) -> dict[str, Any]:
    """The stored entry with a number for what it says elsewhere, too."""
    if entry.people == (entry.person,):
        stored["people"] = 0
    if entry.note.tried:
        stored["note"]["tried"] = [0 if tried == entry.request.id else tried for tried in entry.note.tried]
    if entry.history:
        numbers = {(entry.received_at, "received"): 0, (round(entry.entered_at, 3), str(entry.state)): 1}
        stored["history"] = [
            numbers[step] if step in numbers else _told_from(entry.received_at, step) for step in entry.history
        ]
    return stored


def _told_from(received_at: float, step: tuple[float, str]) -> str | tuple[float, str]:
    """A step by the seconds since the case came, `0.05 requested`; one that this cannot tell exactly as it is."""
    when, state = step
    after = round(when - received_at, 3)
    return f"{after} {state}" if round(received_at + after, 3) == when else step


def _changed(part: Any) -> dict[str, Any]:  # noqa: ANN401 -- an entry, or one of its parts
    """The fields that do not hold their default."""
    values, defaults = vars(part), _DEFAULTS[type(part)]
    return {name: values[name] for name, default in defaults.items() if values[name] != default}


def _plain_highlights(highlights: Highlights) -> dict[str, Any]:
    sessions = [[session.place, session.text] for session in highlights.sessions]
    return {"summary": highlights.summary, "sessions": sessions, "linked": highlights.linked}


# -- Read


def _lengthened(stored: dict[str, Any]) -> dict[str, Any]:
    """The stored entry with all that it says."""
    if stored.get("people") == 0:
        stored["people"] = [stored.get("person", {})]
    note = stored.get("note", {})
    if "tried" in note:
        note["tried"] = [stored["request"]["id"] if tried == 0 else tried for tried in note["tried"]]
    if "history" in stored:
        received = [stored["received_at"], "received"]
        entered = [round(stored["entered_at"], 3), stored.get("state", "received")]
        stored["history"] = [
            (received, entered)[step] if isinstance(step, int) else _step(stored["received_at"], step)
            for step in stored["history"]
        ]
    return stored


def _step(received_at: float, step: str | list[Any]) -> list[Any]:
    if not isinstance(step, str):
        return step
    after, _, state = step.partition(" ")
    return [round(received_at + float(after), 3), state]


def _read(kind: type, stored: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- of that kind
    """An entry, or one of its parts."""
    known = _DEFAULTS[kind]
    return kind(**{name: _READERS.get(name, _frozen)(value) for name, value in stored.items() if name in known})


def _frozen(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON has
    """The value with tuples for lists."""
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _highlights(stored: Mapping[str, Any] | None) -> Highlights | None:
    if stored is None:
        return None
    sessions = tuple(Session(place=place, text=text) for place, text in stored["sessions"])
    return Highlights(summary=stored["summary"], sessions=sessions, linked=stored.get("linked"))


def _troubles(stored: list[list[Any]]) -> tuple[Trouble, ...]:
    return tuple(Trouble(*trouble) for trouble in stored)


def _people(stored: list[Mapping[str, Any]]) -> tuple[Person, ...]:
    return tuple(_read(Person, person) for person in stored)


def _said(stored: Mapping[str, Any] | None) -> Said | None:
    return None if stored is None else cast("Said", _read(Said, stored))


def _instead(stored: str | None) -> Instead | None:
    return None if stored is None else Instead(stored)


_PARTS: Final[Mapping[str, type]] = {"person": Person, "claim": Claim, "request": Request, "note": Note}
_DEFAULTS: Final[Mapping[type, Mapping[str, Any]]] = {
    part: {field.name: field.default for field in fields(part)} for part in (Entry, Said, *_PARTS.values())
}
_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "state": State,
    "highlights": _highlights,
    "troubles": _troubles,
    "people": _people,
    "instead": _instead,
    "said": _said,
    **{name: partial(_read, part) for name, part in _PARTS.items()},
}
