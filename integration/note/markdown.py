"""LogRocket's Markdown, parsed into tokens that the note's small HTML can show.

CommonMark with tables, without raw HTML. A table becomes a list, one item a row, each cell behind its header; a list
that does not count from 1 becomes paragraphs with their numbers. Both happen to the parser's tokens, so that whatever
is done to a text (cleaned, defanged, cut) is done to these as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

MAX_CHARACTERS = 60_000  # that are read at all: more could not be shown
LINES = frozenset({"inline", "fence", "code_block"})  # the tokens that hold text

_MAX_LINES = 5_000  # likewise: each may become a block, which costs the parser time
_MAX_BRACKETS = 5_000  # that may begin a link: each costs the parser time


def first_lines(text: str) -> str:
    """The lines that are read."""
    return "\n".join(text.split("\n", _MAX_LINES)[:_MAX_LINES])


def parse(markdown: str) -> list[Token]:
    """The tokens of a text; those of `LINES` know the list items that begin with them: see `number` and `markers`."""
    if markdown.count("[") > _MAX_BRACKETS:
        markdown = markdown.replace("[", "\\[")
    return _PARSER.parse(markdown)


def number(line: Token) -> str:
    """What stands before a line because its list is shown as paragraphs: `3. `, or nothing."""
    return "".join(item.meta["marker"] for item in line.meta.get("items", ()) if item.hidden)


def markers(line: Token) -> str:
    """What stands before a line where no list is shown as one: `3. `, a bullet, both, or nothing."""
    return "".join(item.meta["marker"] for item in line.meta.get("items", ()))


# -- Numbers of lists

_OPENS_LIST = ("ordered_list_open", "bullet_list_open")
_CLOSES_LIST = ("ordered_list_close", "bullet_list_close")


def _tell_markers(state: StateCore) -> None:
    """Give each list item its marker, and each line the items that begin with it; an empty item gets a line."""
    tokens: list[Token] = []
    lists: list[list[Token]] = []  # the items of each list that is open
    beginning: list[Token] = []
    for token in state.tokens:
        if token.type in _OPENS_LIST:
            token.meta["items"] = []
            lists.append(token.meta["items"])
        elif token.type in _CLOSES_LIST:
            items = lists.pop()
            if token.type == "ordered_list_close":
                _count(items)
        elif token.type == "list_item_open":
            token.meta["marker"] = "\u2022 "
            lists[-1].append(token)
            beginning.append(token)
        elif token.type in LINES:
            token.meta["items"], beginning = beginning, []
        elif token.type == "list_item_close" and beginning:
            line = Token("inline", "", 0, level=token.level + 2, children=[], meta={"items": beginning})
            tokens += _paragraph(line)
            beginning = []
        tokens.append(token)
    state.tokens = tokens


def _count(items: Sequence[Token]) -> None:
    """Number the items as they are written; where all have the same number, Markdown is left to count."""
    written = [int(item.info) for item in items]
    alike = len(set(written)) == 1
    for at, item in enumerate(items):
        item.meta["number"] = written[0] + at if alike else written[at]
        item.meta["marker"] = f"{item.meta['number']}{item.markup} "


def _show_numbers(state: StateCore) -> None:
    """Turn lists into paragraphs with their numbers where an `<ol>` would show others.

    An `<ol>` counts from 1: whether Zendesk keeps its `start` is not documented. A list inside of such a paragraph is
    set off as a quote.
    """
    _mark_lists_as_text(state.tokens)
    lists: list[Token] = []
    for token in state.tokens:
        in_text = bool(lists) and lists[-1].meta.get("as_text", False)
        if token.type in _OPENS_LIST:
            if token.meta.get("as_text"):
                token.tag, token.hidden = "blockquote", not in_text
            lists.append(token)
        elif token.type in _CLOSES_LIST:
            opened = lists.pop()
            token.tag, token.hidden = opened.tag, opened.hidden
        elif in_text and token.type in ("list_item_open", "list_item_close"):
            token.hidden = True
        elif in_text and token.type in ("paragraph_open", "paragraph_close"):
            token.hidden = False


def _mark_lists_as_text(tokens: Iterable[Token]) -> None:
    """Mark the lists that an `<ol>` would number otherwise, and those beside them.

    What a paragraph or a code block cut in two is one list to the reader: both parts are shown in the same way.
    """
    beside: list[list[Token]] = [[]]  # the numbered lists of each block that is open
    for token in tokens:
        if token.type == "ordered_list_open":
            beside[-1].append(token)
        if token.nesting > 0:
            beside.append([])
        elif token.nesting < 0:
            _mark_as_text(beside.pop())
    _mark_as_text(beside.pop())


def _mark_as_text(lists: Sequence[Token]) -> None:
    numbers = [[item.meta["number"] for item in each.meta["items"]] for each in lists]
    if any(each != list(range(1, len(each) + 1)) for each in numbers):
        for each in lists:
            each.meta["as_text"] = True


# -- Tables

_OPENS_CELL = ("th_open", "td_open")
_CELL_TAGS = (*_OPENS_CELL, "th_close", "td_close")


def _gather_cells(state: StateCore) -> None:
    """Leave of each row the cells that have text, also those beyond the header's, which the parser drops."""
    lines = state.src.split("\n")
    tokens: list[Token] = []
    line, column, before = 0, 0, ""
    for token in state.tokens:
        if token.type == "tr_open" and token.map:
            line, column = token.map[0], 0
        elif token.type == "tr_close" and before == "td_close":
            tokens += (_cell(text.strip(), at) for at, text in enumerate(_split(lines[line])) if at >= column)
        if before in _OPENS_CELL:
            if token.content:
                tokens.append(_cell(token.content, column))
            column += 1
        elif token.type not in _CELL_TAGS:
            tokens.append(token)
        before = token.type
    state.tokens = tokens


def _cell(text: str, column: int) -> Token:
    return Token("inline", "", 0, content=text, children=[], meta={"column": column})


def _split(line: str) -> list[str]:
    """The cells of a row's line, which may stand in a quote."""
    cells = escapedSplit(line.lstrip("> \t").rstrip())
    return cells[cells[:1] == [""] : len(cells) - (cells[-1:] == [""])]


def _list_rows(state: StateCore) -> None:
    """Turn each table into a list: `Header: cell; header: cell`."""
    tokens: list[Token] = []
    table: list[Token] = []
    left = MAX_CHARACTERS  # of headers that are repeated: a long one over many rows would become a very long text
    for token in state.tokens:
        if token.type == "table_open" or table:
            table.append(token)
        else:
            tokens.append(token)
        if token.type == "table_close":
            header, *rows = _rows(table)
            left -= sum(len(label.content) for label in header) * len(rows)
            labelled = bool(rows) and left >= 0
            labels = {label.meta["column"]: label for label in header} if labelled else {}
            tokens += _list([_told(row, labels) for row in (rows if labelled else (header, *rows))], level=token.level)
            table = []
    state.tokens = tokens


def _rows(table: Iterable[Token]) -> list[list[Token]]:
    rows: list[list[Token]] = []
    for token in table:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(token)
    return rows


def _told(cells: Iterable[Token], labels: Mapping[int, Token]) -> list[Token]:
    """A row's cells, each behind its label, as the parts of one line."""
    told: list[Token] = []
    for cell in cells:
        if told:
            told.append(_text("; "))
        label = labels.get(cell.meta["column"])
        if label is not None:
            told += (Token("strong_open", "strong", 1), *(label.children or ()), Token("strong_close", "strong", -1))
            told.append(_text(" " if label.content.endswith(":") else ": "))
        told += cell.children or ()
    return told


def _text(text: str) -> Token:
    return Token("text", "", 0, content=text)


def _list(lines: Iterable[list[Token]], *, level: int) -> Iterator[Token]:
    yield Token("bullet_list_open", "ul", 1, level=level)
    for children in filter(None, lines):
        yield Token("list_item_open", "li", 1, level=level + 1)
        yield from _paragraph(Token("inline", "", 0, level=level + 3, children=children))
        yield Token("list_item_close", "li", -1, level=level + 1)
    yield Token("bullet_list_close", "ul", -1, level=level)


def _paragraph(line: Token) -> Iterator[Token]:
    yield Token("paragraph_open", "p", 1, level=line.level - 1, hidden=True)
    yield line
    yield Token("paragraph_close", "p", -1, level=line.level - 1, hidden=True)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable("table")
    parser.core.ruler.before("inline", "gather_cells", _gather_cells)
    for rule in (_list_rows, _tell_markers, _show_numbers):
        parser.core.ruler.push(rule.__name__, rule)
    return parser


_PARSER = _parser()
