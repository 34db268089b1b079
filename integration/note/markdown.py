"""LogRocket's Markdown, parsed into tokens that the note's small HTML can show.

CommonMark with tables, without raw HTML. A table becomes a list, one item a row, each cell behind its header; a list
that does not count from 1 becomes paragraphs with their numbers. Both happen to the parser's tokens, so that whatever
is done to a text (cleaned, defanged, cut) is done to these as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
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

_DELIMITERS = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 -- as the parser calls it
    """A table as GitHub's Markdown has it; no cell of a row is lost, empty ones cost nothing.

    The parser's own rule drops cells beyond the header's, and makes up to 65,000 that a text only hints at.
    """
    if start + 2 > end or state.sCount[start + 1] < state.blkIndent:
        return False
    if state.is_code_block(start) or state.is_code_block(start + 1):
        return False
    header, delimiters = _line(state, start), _line(state, start + 1)
    if "|" not in header or delimiters.startswith("- ") or not _DELIMITERS.fullmatch(delimiters):
        return False
    if len(_cells(header)) != len(_cells(delimiters)):
        return False
    if silent:
        return True
    after = start + 2
    while after < end and _is_row(state, after, end):
        after += 1
    state.push("table_open", "table", 1)
    for line in (start, *range(start + 2, after)):
        state.push("tr_open", "tr", 1)
        for column, text in enumerate(_cells(_line(state, line))):
            if text:
                cell = state.push("inline", "", 0)
                cell.content, cell.children, cell.meta = text, [], {"column": column}
        state.push("tr_close", "tr", -1)
    state.push("table_close", "table", -1)
    state.line = after
    return True


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]].strip()


def _is_row(state: StateBlock, line: int, end: int) -> bool:
    if state.sCount[line] < state.blkIndent or state.is_code_block(line) or not _line(state, line):
        return False
    ends = state.md.block.ruler.getRules("blockquote")  # GitHub has it that what ends a quote ends a table
    return not any(rule(state, line, end, True) for rule in ends)  # noqa: FBT003 -- as the parser calls it


def _cells(line: str) -> list[str]:
    cells = re.split(r"(?<!\\)\|", line)
    cells = cells[cells[:1] == [""] : len(cells) - (cells[-1:] == [""])]
    return [cell.replace("\\|", "|").strip() for cell in cells]


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
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    for rule in (_list_rows, _tell_markers, _show_numbers):
        parser.core.ruler.push(rule.__name__, rule)
    return parser


_PARSER = _parser()
