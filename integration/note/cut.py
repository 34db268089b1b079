"""How much of a note fits where it goes: whole blocks first, and a block that would never fit is shortened."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from integration.note.document import Block, Note


@dataclass(frozen=True, kw_only=True)
class Markup:
    """How a place has its notes written."""

    write: Callable[[Block], str]
    shortened: Callable[[Block, int], str]  # to a size
    size: Callable[[str], int]  # with what stands between two blocks


def fitted(note: Note, markup: Markup, *, most: int) -> Iterator[str]:
    """The blocks of a note, written, whose sizes are `most` together."""
    heading, closing, last_line = ([markup.write(block)] if block else [] for block in _fixed(note))
    budget = most - sum(map(markup.size, (*heading, *last_line)))
    room = budget - sum(map(markup.size, closing))
    body, all_fit = _that_fit(map(markup.write, note.body), markup, room)
    if not (all_fit and note.complete):
        closing = [markup.write(note.cut_line)]
        room = budget - sum(map(markup.size, closing))
        body = list(_cut(zip(body, note.body, strict=False), markup, room))
    return iter((*heading, *body, *closing, *last_line))


def _fixed(note: Note) -> tuple[Block | None, Block | None, Block]:
    return note.heading, note.closing, note.last_line


def _that_fit(blocks: Iterable[str], markup: Markup, room: int) -> tuple[list[str], bool]:
    """The blocks up to the first that does not fit, and whether all fit; no others are written."""
    taken = []
    for written in blocks:
        taken.append(written)
        room -= markup.size(written)
        if room < 0:
            return taken, False
    return taken, True


def _cut(blocks: Iterable[tuple[str, Block]], markup: Markup, room: int) -> Iterator[str]:
    """The blocks that fit; one that would never fit is shortened to what is left."""
    left = room
    for written, block in blocks:
        size = markup.size(written)
        if size > left:
            if size > room:
                yield markup.shortened(block, left)
            return
        yield written
        left -= size
