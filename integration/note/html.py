"""A note as small HTML, for the places that take it.

A text has its own characters escaped, and what is made is sanitised once more, to the tags and links that are used
here. It is escaped as the sanitiser does it, which so changes nothing: the size of what is made is known before.
A list whose numbers are not 1, 2, 3 becomes paragraphs with their numbers: whether a place keeps the `start` of an
`<ol>` is not known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import nh3

from integration.note.cut import Markup, fitted
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
from integration.note.text import as_text

TAGS: Final = frozenset({"p", "br", "strong", "em", "code", "ul", "ol", "li", "a", "blockquote"})
_SANITISER: Final = nh3.Cleaner(
    tags=set(TAGS), attributes={"a": {"href"}}, link_rel=None, url_schemes={"https", "http"}
)
_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\n": "<br>"})
_ESCAPES_OF_URL: Final = str.maketrans({"&": "&amp;", '"': "&quot;"})
_TAG_OF: Final = {Mark.STRONG: "strong", Mark.EMPHASIS: "em", Mark.CODE: "code"}


def render(note: Note, *, max_bytes: int, adapt: Callable[[str], str] = str) -> str:
    """The note's HTML, of at most `max_bytes` of UTF-8; `adapt` is what a place needs done to a text beforehand."""
    markup = Markup(
        write=lambda block: _Writer(adapt).block(block),
        shortened=lambda block, left: _shortened(adapt(as_text(block)), left),
        size=_size,
    )
    return _SANITISER.clean("".join(fitted(note, markup, most=max_bytes)))


def _shortened(text: str, budget: int) -> str:
    """As much of a text as fits, cut between words where it can be."""
    budget -= _size("<p>…</p>")
    end = 0
    for character in text:
        budget -= _size(_escaped(character))
        if budget < 0:
            break
        end += 1
    words = text[:end].rsplit(maxsplit=1)
    return f"<p>{_escaped(words[0])}…</p>" if words else ""


# -- Blocks


class _Writer:
    """Writes one block with all that it holds."""

    def __init__(self, adapt: Callable[[str], str]) -> None:
        self._adapt = adapt
        self._numbers = ""  # of the items that begin with the next line, as far as no `<ol>` shows them

    def block(self, block: Block, *, as_written: bool = False) -> str:
        """The block's HTML; `as_written` inside of a list that is shown as paragraphs."""
        match block:
            case Line(spans):
                line = self._line(spans)
                return f"<p>{line}</p>" if as_written else line
            case Paragraph(line):
                return f"<p>{self._line(line.spans)}</p>"
            case Heading(line):
                return f"<p><strong>{self._line(line.spans)}</strong></p>"
            case CodeBlock(code):
                return f"<p>{self._line((Start(Mark.CODE), code, End(Mark.CODE)))}</p>"
            case Quote(blocks):
                return f"<blockquote>{self._all(blocks, as_written=as_written)}</blockquote>"
            case List(items):
                return self._paragraphs(items, inside=as_written) if block.as_written else self._list(block)

    def _all(self, blocks: Iterable[Block], *, as_written: bool) -> str:
        return "".join(self.block(block, as_written=as_written) for block in blocks)

    def _list(self, block: List) -> str:
        tag = "ol" if block.numbered else "ul"
        items = (f"<li>{self._all(item.blocks, as_written=False)}</li>" for item in block.items)
        return f"<{tag}>{''.join(items)}</{tag}>"

    def _paragraphs(self, items: Iterable[Item], *, inside: bool) -> str:
        """A list as paragraphs with their numbers; one inside of another is set off as a quote."""
        shown = ""
        for item in items:
            self._numbers += item.marker
            shown += self._all(item.blocks, as_written=True)
        return f"<blockquote>{shown}</blockquote>" if inside else shown

    # -- Lines

    def _line(self, spans: Iterable[Span]) -> str:
        numbers, self._numbers = self._numbers, ""
        return numbers + "".join(map(self._span, spans))

    def _span(self, span: Span) -> str:
        match span:
            case Start(style):
                return _opening(style)
            case End(style):
                return "</a>" if isinstance(style, Link) else f"</{_TAG_OF[style]}>"
        return _escaped(self._adapt(span))


def _opening(style: Style) -> str:
    return f'<a href="{style.url.translate(_ESCAPES_OF_URL)}">' if isinstance(style, Link) else f"<{_TAG_OF[style]}>"


def _escaped(text: str) -> str:
    return text.translate(_ESCAPES)


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
