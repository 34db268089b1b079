"""Tables become lists that can be read anywhere: one item a row, each cell behind its header.

This happens to the parser's tokens, so that whatever is done to a text (cleaned, defanged, cut) is done to these too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MAX_REPEATED = 60_000  # characters of headers: a long one over many rows would become a very long text
_DELIMITERS = re.compile(r"\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?")


def table(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001 -- as the parser calls it
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


def list_rows(state: StateCore) -> None:
    """Turn each table into a list: `Header: cell; header: cell`."""
    tokens: list[Token] = []
    table: list[Token] = []
    left = _MAX_REPEATED
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
        yield Token("paragraph_open", "p", 1, level=level + 2, hidden=True)
        yield Token("inline", "", 0, level=level + 3, children=children)
        yield Token("paragraph_close", "p", -1, level=level + 2, hidden=True)
        yield Token("list_item_close", "li", -1, level=level + 1)
    yield Token("bullet_list_close", "ul", -1, level=level)
