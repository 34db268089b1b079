"""Into which ticket a closed one was merged, by what their comments show (pure).

A merge closes a ticket with a comment that names the other one, in words of any language: `merged into request #7`.
Anybody can write such words, so they are only where to look. What proves a merge is the comment that Zendesk adds to
the other ticket: how it came about (`via`), which nobody can write, names the tickets that were merged into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

LAST_COMMENTS: Final = 5  # of a merged ticket: its merge closed it, so nearly nothing follows
MOST_TARGETS: Final = 5
_LINKED: Final = re.compile(r"/tickets/([0-9]{1,18})\b|#([0-9]{1,18})\b")

Comment = Mapping[str, Any]


def candidates(newest_first: Iterable[Comment], *, besides: int) -> list[int]:
    """The tickets that the last comments name, likeliest ones first; `besides` is the merged one itself."""
    named = (number for comment in newest_first for number in _named(comment))
    return list(dict.fromkeys(number for number in named if number not in (0, besides)))[:MOST_TARGETS]


def tells_of_merge(comment: Comment, *, merged: int) -> bool:
    """Whether a comment was made by a merge of this ticket into its own."""
    via = comment.get("via")
    source = via.get("source") if isinstance(via, dict) else None
    if not isinstance(source, dict) or source.get("rel") != "merge":
        return False
    origin = source.get("from")
    if not isinstance(origin, dict):
        return False
    several = origin.get("ticket_ids")
    ids = [origin.get("ticket_id"), *(several if isinstance(several, list) else ())]
    return str(merged) in [str(number) for number in ids if isinstance(number, int | str)]


def _named(comment: Comment) -> Iterator[int]:
    for form in ("html_body", "body", "plain_body"):
        text = comment.get(form)
        if isinstance(text, str):
            yield from (int(linked or hashed) for linked, hashed in _LINKED.findall(text))
