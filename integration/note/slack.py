"""A note as Slack takes it: the standard Markdown of a `markdown` block, in which nothing calls anybody.

- All `markdown` blocks of a message may have 12,000 characters together. Slack makes blocks of its own of headings and
  rules, of which a message has 50 at most: a heading is a line in strong type here.
- `<!channel>`, `<@U123>`, `@here` and their like notify people in other texts of Slack's. Whether they do in such a
  block is not documented: they are broken up.

Page: https://docs.slack.dev/reference/block-kit/blocks/markdown-block
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from integration.note.cut import Markup, fitted
from integration.note.document import (
    Block,
    CodeBlock,
    End,
    Heading,
    Line,
    Link,
    List,
    Mark,
    Note,
    Paragraph,
    Quote,
    Span,
    Start,
)
from integration.note.text import as_text, shortened

MAX_CHARACTERS: Final = 11_000
_BETWEEN: Final = "\n\n"
_MARKS: Final = {Mark.STRONG: "**", Mark.EMPHASIS: "_"}
_MENTION: Final = re.compile(r"(?:<|&lt;)(?=[!@#])|@(?=(?:here|channel|everyone)\b)", re.IGNORECASE)
_SPECIAL: Final = re.compile(r"[\\`*_\[\]~|]")
_AT_START: Final = re.compile(r"^(\s*)(?:([#+=-])|(\d{1,9})([.)]))", re.MULTILINE)
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def render(note: Note, *, max_characters: int = MAX_CHARACTERS) -> str:
    """The note's Markdown, of at most `max_characters`."""
    markup = Markup(write=_block, shortened=_shortened, size=lambda text: len(text) + len(_BETWEEN))
    return _BETWEEN.join(filter(None, fitted(note, markup, most=max_characters)))


def _shortened(block: Block, left: int) -> str:
    """As much of a block's text as fits, whatever its characters cost."""
    text = as_text(block)
    length = min(len(text), left - len(_BETWEEN))
    while length > 0:
        written = _text(shortened(text, length), at_start=True)
        if len(written) <= left - len(_BETWEEN):
            return written
        length = length * 9 // 10
    return ""


# -- Blocks


def _block(block: Block) -> str:
    match block:
        case Line(spans) | Paragraph(Line(spans)):
            return _line(spans)
        case Heading(line):
            plain = [span for span in line.spans if not isinstance(span, Start | End) or isinstance(span.style, Link)]
            return _line((Start(Mark.STRONG), *plain, End(Mark.STRONG)))
        case CodeBlock(code):
            fence = _longer_than(code, "`", least=3)
            return f"{fence}\n{_harmless(code)}\n{fence}"
        case Quote(blocks):
            return _indented(_BETWEEN.join(map(_block, blocks)), first="> ", others="> ")
        case List(items):
            return "\n".join(_item(item.marker, item.blocks, counted=block) for item in items)


def _item(marker: str, blocks: Iterable[Block], *, counted: List) -> str:
    written = "- " if not counted.numbered else marker.replace(".", "\\.").replace(")", "\\)")
    if counted.numbered and not counted.as_written:
        written = marker
    return _indented("\n".join(map(_block, blocks)), first=written, others=" " * len(marker))


def _indented(text: str, *, first: str, others: str) -> str:
    return first + text.replace("\n", f"\n{others}")


# -- Lines


def _line(spans: Iterable[Span]) -> str:
    return "".join(_spans(spans)).replace("\n", "  \n").strip()


def _spans(spans: Iterable[Span]) -> Iterator[str]:
    code: list[str] | None = None  # what stands in the code that is open
    at_start = True
    for span in spans:
        match span:
            case Start(Mark.CODE):
                code = []
            case End(Mark.CODE):
                yield _code("".join(code or ()))
                code = None
            case Start(Link()):
                yield "["
            case End(Link(url)):
                yield f"]({url.replace('(', '%28').replace(')', '%29')})"
            case Start(Mark() as mark) | End(Mark() as mark):
                yield _MARKS[mark]
            case str() if code is not None:
                code.append(span)
            case str():
                yield _text(span, at_start=at_start)
                at_start = span.endswith("\n")


def _text(text: str, *, at_start: bool) -> str:
    """A text of which Markdown makes nothing."""
    text = _SPECIAL.sub(r"\\\g<0>", _harmless(text))
    text = re.sub("[&<>]", lambda character: _ENTITIES[character[0]], text)
    first, line_end, rest = text.partition("\n")
    return (_not_opening(first) if at_start else first) + line_end + _not_opening(rest)


def _not_opening(text: str) -> str:
    """A text whose lines open no list, heading or rule."""
    return _AT_START.sub(lambda at: f"{at[1]}\\{at[2]}" if at[2] else f"{at[1]}{at[3]}\\{at[4]}", text)


def _code(code: str) -> str:
    fence = _longer_than(code, "`", least=1)
    room = " " if code.startswith("`") or code.endswith("`") else ""
    return f"{fence}{room}{_harmless(code)}{room}{fence}" if code.strip() else _text(code, at_start=False)


def _longer_than(text: str, character: str, *, least: int) -> str:
    runs = re.findall(re.escape(character) + "+", text)
    return character * max(least, 1 + max(map(len, runs), default=0))


def _harmless(text: str) -> str:
    """A text whose mentions are broken up: `< !channel>`, `@ here`."""
    return _MENTION.sub(r"\g<0> ", text)
