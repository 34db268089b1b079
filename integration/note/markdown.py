"""Markdown of the summariser's becomes blocks of a document, clean and harmless.

CommonMark with tables, without raw HTML. An image becomes its description; a link that is not trusted, its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from markdown_it import MarkdownIt
from markdown_it.token import Token

from integration.note.characters import clean
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
    Paragraph,
    Quote,
    Span,
    Start,
    lines,
)
from integration.note.links import Links, defanged, without_braces
from integration.note.lists import mark_lists
from integration.note.tables import list_rows, table

_MAX_LINES = 5_000  # that are read: each may become a block, which costs the parser time
_MAX_BRACKETS = 5_000  # that may begin a link: likewise
_WRITTEN_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)  # as tables have it, whose cells cannot hold another
_MARKS = {"strong": Mark.STRONG, "em": Mark.EMPHASIS}


def first_lines(text: str) -> str:
    """The lines that are read."""
    return "\n".join(text.split("\n", _MAX_LINES)[:_MAX_LINES])


def blocks(markdown: str, links: Links) -> Iterator[Block]:
    """The blocks of a text, without those in which nothing can be read; one is made when it is asked for."""
    opened: list[tuple[Token, list[Block | Item]]] = []  # what opens each block that is open, and what it holds so far
    for token in _parse(markdown):
        if token.nesting > 0:
            opened.append((token, []))
            continue
        made = _closed(*opened.pop()) if token.nesting < 0 else _leaf(token, links)
        if made is None:
            continue
        if opened:
            opened[-1][1].append(made)
        elif not isinstance(made, Item) and any(line.text.strip() for _, line in lines(made)):
            yield made


def _parse(markdown: str) -> list[Token]:
    if markdown.count("[") > _MAX_BRACKETS:
        markdown = markdown.replace("[", "\\[")
    return _PARSER.parse(markdown)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable("table")
    parser.block.ruler.at("table", table, {"alt": ["paragraph", "reference"]})
    for rule in (list_rows, mark_lists):
        parser.core.ruler.push(rule.__name__, rule)
    return parser


_PARSER = _parser()


# -- Blocks


def _closed(opening: Token, inner: Sequence[Block | Item]) -> Block | Item:
    """The block that ends here."""
    blocks = tuple(block for block in inner if not isinstance(block, Item))
    match opening.type, blocks:
        case "paragraph_open", (Line() as line,):
            return line if opening.hidden else Paragraph(line)
        case "heading_open", (Line() as line,):
            return Heading(line)
        case "list_item_open", _:
            has_line = any(True for block in blocks for _ in lines(block))
            return Item(opening.meta["marker"], blocks if has_line else (*blocks, Line()))
        case "ordered_list_open" | "bullet_list_open", _:
            items = tuple(item for item in inner if isinstance(item, Item))
            return List(items, opening.type == "ordered_list_open", opening.meta.get("as_written", False))
    return Quote(blocks)


def _leaf(token: Token, links: Links) -> Block | None:
    """The block that holds no others; None for a rule between two."""
    if token.type == "inline":
        return Line(tuple(_harmless(_spans(token.children or (), links), links)))
    if token.type in ("fence", "code_block"):
        [code] = _harmless([clean(token.content.rstrip("\n"))], links)
        return CodeBlock(str(code))
    return None


# -- Lines


def _harmless(spans: Iterable[Span], links: Links) -> Iterator[Span]:
    """The spans of a line, where addresses of other places are broken up, also those that styles interrupt."""
    row = list(spans)
    texts = [span for span in row if isinstance(span, str)]
    characters = defanged("".join(texts), links, seams=list(accumulate(map(len, texts))))
    at = 0
    for span in row:
        if isinstance(span, str):
            yield "".join(characters[at : at + len(span)])
            at += len(span)
        else:
            yield span


def _spans(tokens: Iterable[Token], links: Links) -> Iterator[Span]:
    link: Link | None = None
    for token in tokens:
        match token.type:
            case "link_open":
                url = str(token.attrGet("href") or "")
                link = Link(without_braces(url)) if links.trusts(url) else None
                if link is not None:
                    yield Start(link)
            case "link_close":
                if link is not None:
                    yield End(link)
            case "strong_open" | "em_open":
                yield Start(_MARKS[token.tag])
            case "strong_close" | "em_close":
                yield End(_MARKS[token.tag])
            case "code_inline":
                yield from (Start(Mark.CODE), clean(token.content), End(Mark.CODE))
            case _:
                yield clean(_text_of(token))


def _text_of(token: Token) -> str:
    """The text of a token; of an image, its description."""
    if token.children:
        return "".join(map(_text_of, token.children))
    return "\n" if token.type in ("softbreak", "hardbreak") else _WRITTEN_BREAK.sub("\n", token.content)
