"""A note as a document: what it shows, without the markup of any place.

A text in it is clean, and its addresses are harmless (see `characters` and `links`); a renderer escapes what its own
markup gives a meaning to. Blocks hold blocks; what stands on a line is a flat row of texts, starts and ends, since a
text may open emphasis thousands of times.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from integration.facts import Nothing

# -- Within a line


class Mark(enum.Enum):
    """How a text is set."""

    STRONG = "strong"
    EMPHASIS = "emphasis"
    CODE = "code"


@dataclass(frozen=True)
class Link:
    """A link to an address that a note may lead to."""

    url: str


Style: TypeAlias = Mark | Link


@dataclass(frozen=True)
class Start:
    """Here a style begins; each that begins also ends on its line, the last one first."""

    style: Style


@dataclass(frozen=True)
class End:
    """Here a style ends."""

    style: Style


Span: TypeAlias = str | Start | End  # a line end in a text is a line break


@dataclass(frozen=True)
class Line:
    """What stands on its own between two ends of blocks: as a block, the text of a list's item."""

    spans: tuple[Span, ...] = ()

    @property
    def text(self) -> str:
        """What is read, without its styles."""
        return "".join(span for span in self.spans if isinstance(span, str))


# -- Blocks


@dataclass(frozen=True)
class Paragraph:
    """A paragraph."""

    line: Line


@dataclass(frozen=True)
class Heading:
    """A heading, of whichever level."""

    line: Line


@dataclass(frozen=True)
class CodeBlock:
    """Lines of code."""

    text: str


@dataclass(frozen=True)
class Quote:
    """A quote."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Item:
    """An item of a list, with at least one line; before it, plain text has its `marker`: `3. `, or a bullet."""

    marker: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class List:
    """A list.

    `as_written`: its numbers are not 1, 2, 3, or those of a list beside it are not. What a paragraph cuts in two is one
    list to the reader, so that both parts have to be shown in the same way.
    """

    items: tuple[Item, ...]
    numbered: bool
    as_written: bool


Block: TypeAlias = Line | Paragraph | Heading | CodeBlock | Quote | List


@dataclass(frozen=True, kw_only=True)
class SessionParts:
    """A session that a note tells of: where it is replayed, and when it was (Unix seconds), as far as that is known."""

    url: str | None
    at: float | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a note tells, for places that hand on its parts instead of showing it.

    `nothing`: why there is nothing to tell. `all_sessions` is where all sessions of the person are.
    """

    summary: tuple[Block, ...] = ()
    sessions: tuple[SessionParts, ...] = ()
    nothing: Nothing | None = None
    all_sessions: str = ""


@dataclass(frozen=True, kw_only=True)
class Note:
    """A note; where it is not `complete`, or too long for a place, it has its `cut_line` instead of `closing`.

    The heading, and what stands behind the body, are short and never cut.
    """

    heading: Block | None
    body: tuple[Block, ...]
    complete: bool
    closing: Block | None
    cut_line: Block
    last_line: Block
    parts: Parts = Parts()
    subject: str = ""  # what it is about in a few words, with nothing of the person: for a notification


def lines(block: Block, marker: str = "") -> Iterator[tuple[str, Line]]:
    """The lines of a block, each with the markers of the items that begin with it: `3. `, a bullet, both, none."""
    match block:
        case Line():
            yield marker, block
        case Paragraph(line) | Heading(line):
            yield marker, line
        case CodeBlock(text):
            yield marker, Line((Start(Mark.CODE), text, End(Mark.CODE)))
        case Quote(blocks):
            yield from _lines_of_all(blocks, marker)
        case List(items):
            for item in items:
                yield from _lines_of_all(item.blocks, marker + item.marker)
                marker = ""


def _lines_of_all(blocks: Iterable[Block], marker: str) -> Iterator[tuple[str, Line]]:
    for block in blocks:
        for before, line in lines(block, marker):
            yield before, line
            marker = ""
