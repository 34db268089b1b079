"""Lists of Zendesk's API, asked for within one step of a case: by cursor, a few pages at most.

`reader` reads longer ones, and takes its time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from integration.http import ServiceSession
from integration.zendesk import trouble

PAGE_SIZE: Final = 100


def records(
    session: ServiceSession, url: str, name: str, *, most_pages: int, query: dict[str, str] | None = None
) -> Iterator[dict[str, Any]]:
    """The objects of a list, page by page; what is no object is left out. Raises `RemoteError`."""
    asked = {"page[size]": str(PAGE_SIZE), **(query or {})}
    for _ in range(most_pages):
        answer = session.get(url, params=asked).json()
        listed = answer[name]
        if not isinstance(listed, list):
            raise trouble.unreadable()
        yield from (record for record in listed if isinstance(record, dict))
        meta = answer.get("meta")
        cursor = meta.get("after_cursor") if isinstance(meta, dict) and meta.get("has_more") else None
        if not isinstance(cursor, str) or cursor == asked.get("page[after]"):
            return
        asked["page[after]"] = cursor
