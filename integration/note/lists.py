"""The numbers of lists: which one each item has, and where they cannot be left to the reader's side to count.

This happens to the parser's tokens. What opens an item has its `marker` in `meta`, what opens a list `as_written`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_BULLET = "\u2022 "


def mark_lists(state: StateCore) -> None:
    """Tell each item its marker, and each list whether its numbers have to be shown as they are written."""
    _tell_markers(state.tokens)
    _mark_as_written(state.tokens)


def _tell_markers(tokens: Iterable[Token]) -> None:
    lists: list[list[Token]] = []  # the items of each list that is open
    for token in tokens:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                token.meta["items"] = []
                lists.append(token.meta["items"])
            case "list_item_open":
                token.meta["marker"] = _BULLET
                lists[-1].append(token)
            case "bullet_list_close":
                lists.pop()
            case "ordered_list_close":
                _number(lists.pop())


def _number(items: Sequence[Token]) -> None:
    """Number the items as they are written; where all have the same number, Markdown is left to count."""
    written = [int(item.info) for item in items]
    alike = len(set(written)) == 1
    for at, item in enumerate(items):
        item.meta["number"] = written[0] + at if alike else written[at]
        item.meta["marker"] = f"{item.meta['number']}{item.markup} "


def _mark_as_written(tokens: Iterable[Token]) -> None:
    """Mark the lists whose numbers are not 1, 2, 3, and those beside them.

    What a paragraph or a code block cuts in two is one list to the reader: both parts are shown in the same way.
    """
    beside: list[list[Token]] = [[]]  # the numbered lists of each block that is open
    for token in tokens:
        if token.type == "ordered_list_open":
            beside[-1].append(token)
        if token.nesting > 0:
            beside.append([])
        elif token.nesting < 0:
            _mark_together(beside.pop())
    _mark_together(beside.pop())


def _mark_together(lists: Sequence[Token]) -> None:
    numbers = [[item.meta["number"] for item in opening.meta["items"]] for opening in lists]
    if any(counted != list(range(1, len(counted) + 1)) for counted in numbers):
        for opening in lists:
            opening.meta["as_written"] = True
