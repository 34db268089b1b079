"""A note as JSON, for one that could not be written and may be tried again later; its parts are not kept.

A block is a list of its name and what it holds; what stands on a line, a list of texts, and of `["+", style]` and
`["-", style]` where one begins and ends.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from integration.note.document import (
    Block,
    CodeBlock,
    End,
    Heading,
    Item,
    Line,
    Link,
    List,
    Mark,
    Note,
    Paragraph,
    Quote,
    Span,
    Start,
    Style,
)

_LINK: Final = "link"


def dump(note: Note) -> str:
    """The note, to be kept."""
    optional = {name: None if block is None else _block(block) for name, block in _optional(note).items()}
    needed = {"cut_line": _block(note.cut_line), "last_line": _block(note.last_line), "body": _blocks(note.body)}
    return json.dumps({**optional, **needed, "complete": note.complete, "subject": note.subject})


def load(text: str) -> Note:
    """The note that was kept."""
    kept: dict[str, Any] = json.loads(text)
    return Note(
        heading=None if kept["heading"] is None else _read(kept["heading"]),
        body=_read_all(kept["body"]),
        complete=kept["complete"],
        closing=None if kept["closing"] is None else _read(kept["closing"]),
        cut_line=_read(kept["cut_line"]),
        last_line=_read(kept["last_line"]),
        subject=kept["subject"],
    )


def _optional(note: Note) -> dict[str, Block | None]:
    return {"heading": note.heading, "closing": note.closing}


def _blocks(blocks: Iterable[Block]) -> list[list[Any]]:
    return list(map(_block, blocks))


def _block(block: Block) -> list[Any]:
    match block:
        case Line(spans):
            return ["line", _spans(spans)]
        case Paragraph(Line(spans)):
            return ["paragraph", _spans(spans)]
        case Heading(Line(spans)):
            return ["heading", _spans(spans)]
        case CodeBlock(code):
            return ["code", code]
        case Quote(blocks):
            return ["quote", _blocks(blocks)]
        case List(items):
            kept = [[item.marker, _blocks(item.blocks)] for item in items]
            return ["list", kept, block.numbered, block.as_written]


def _spans(spans: Iterable[Span]) -> list[Any]:
    return [span if isinstance(span, str) else _edge(span) for span in spans]


def _edge(edge: Start | End) -> list[str]:
    sign = "+" if isinstance(edge, Start) else "-"
    return [sign, _LINK, edge.style.url] if isinstance(edge.style, Link) else [sign, edge.style.value]


# -- Read again


def _read_all(blocks: Iterable[list[Any]]) -> tuple[Block, ...]:
    return tuple(map(_read, blocks))


def _read(kept: list[Any]) -> Block:
    match kept:
        case ["line", spans]:
            return _read_line(spans)
        case ["paragraph", spans]:
            return Paragraph(_read_line(spans))
        case ["heading", spans]:
            return Heading(_read_line(spans))
        case ["code", str(code)]:
            return CodeBlock(code)
        case ["quote", blocks]:
            return Quote(_read_all(blocks))
        case ["list", items, bool(numbered), bool(as_written)]:
            read = (Item(marker=marker, blocks=_read_all(blocks)) for marker, blocks in items)
            return List(items=tuple(read), numbered=numbered, as_written=as_written)
    raise ValueError("no block of a note")


def _read_line(spans: Iterable[Any]) -> Line:
    return Line(tuple(span if isinstance(span, str) else _read_edge(*span) for span in spans))


def _read_edge(sign: str, name: str, url: str = "") -> Start | End:
    style: Style = Link(url) if name == _LINK else Mark(name)
    return Start(style) if sign == "+" else End(style)
