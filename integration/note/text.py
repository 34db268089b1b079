"""A note as plain text, with the addresses of its links; and the text of a block, where its markup is too long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from integration.note.cut import Markup, fitted
from integration.note.document import Block, End, Link, Note, Span, Start, lines

_BETWEEN: Final = "\n\n"


def render(note: Note, *, max_characters: int) -> str:
    """The note's text, of at most `max_characters`."""
    markup = Markup(write=_with_addresses, shortened=_shortened, size=lambda text: len(text) + len(_BETWEEN))
    return _BETWEEN.join(filter(None, fitted(note, markup, most=max_characters)))


def outline(note: Note) -> str:
    """What is read of a note where links can be followed: their words stand in brackets."""
    blocks = (note.heading, *note.body, note.closing if note.complete else note.cut_line, note.last_line)
    return _BETWEEN.join(_written(block, start="[", end="]") for block in blocks if block)


def as_text(block: Block) -> str:
    """The text of a block: its lines, those of a list behind their numbers and bullets."""
    return "\n".join(marker + line.text if line.text.strip() else "" for marker, line in lines(block))


def shortened(text: str, length: int) -> str:
    """As much of a text as fits, cut between words where it can be."""
    if length < 1:
        return ""
    words = text[: length - 1].rsplit(maxsplit=1)
    return f"{words[0]}\u2026" if words else ""


def _shortened(block: Block, left: int) -> str:
    return shortened(as_text(block), left - len(_BETWEEN))


def _with_addresses(block: Block) -> str:
    return _written(block, start="", end=" ({url})")


def _written(block: Block, *, start: str, end: str) -> str:
    return "\n".join(
        marker + "".join(_spans(line.spans, start, end)) if line.text.strip() else "" for marker, line in lines(block)
    )


def _spans(spans: Iterable[Span], start: str, end: str) -> Iterator[str]:
    for span in spans:
        match span:
            case str():
                yield span
            case Start(Link()):
                yield start
            case End(Link(url)):
                yield end.replace("{url}", url)
