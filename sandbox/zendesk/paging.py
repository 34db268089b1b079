"""Lists in pages, the two ways Zendesk has: by cursor (`page[size]`) and by offset (`page`, `per_page`).

The services behind it differ in their links by cursor. The one of webhooks names the port (`:443`) and nothing but
`page[after]`, and a single page has no `links`; the one of triggers has a `next` on the last page, too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeVar
from urllib.parse import urlencode

from flask import request

from sandbox.zendesk import refusals
from sandbox.zendesk.asking import desk

MAX_PAGE: Final = 100
Record = TypeVar("Record")
Links = Literal["usual", "with a port", "also at the end"]


def page(
    name: str,
    records: Sequence[Record],
    shape: Callable[[Record], dict[str, Any]],
    *,
    by_cursor_unasked: bool = False,
    links: Links = "usual",
) -> dict[str, Any]:
    """Return the page of `records` that the request asks for, in its envelope; `sort` may turn it round."""
    if request.args.get("sort") == "-created_at" or request.args.get("sort_order") == "desc":
        records = list(reversed(records))
    if "page[size]" in request.args or "page[after]" in request.args or by_cursor_unasked:
        written = _by_cursor(name, records, shape, always_next=links == "also at the end")
        return _of_the_webhook_service(written) if links == "with a port" else written
    return _by_offset(name, records, shape)


def _by_cursor(
    name: str, records: Sequence[Record], shape: Callable[[Record], dict[str, Any]], *, always_next: bool
) -> dict[str, Any]:
    size = _number("page[size]", default=MAX_PAGE)
    start = _position(request.args.get("page[after]", ""))
    end = start + size
    more = end < len(records)
    cursor = _cursor(end) if records[start:end] else None
    following = _address({"page[size]": str(size), "page[after]": cursor}) if cursor and (more or always_next) else None
    return {
        name: [shape(record) for record in records[start:end]],
        "meta": {
            "has_more": more,
            "after_cursor": cursor,
            "before_cursor": _cursor(start) if cursor else None,
        },
        "links": {"next": following, "prev": None},
    }


def _of_the_webhook_service(written: dict[str, Any]) -> dict[str, Any]:
    """Return a page as the service of webhooks writes it."""
    meta, cursor = written["meta"], written["meta"]["after_cursor"]
    first, last = not request.args.get("page[after]"), not meta["has_more"]
    kept = ("has_more", "before_cursor") if last else ("has_more", "after_cursor", "before_cursor")
    written["meta"] = {key: meta[key] for key in kept}
    del written["links"]
    address = f"https://{desk().subdomain}.zendesk.com:443{request.path}"
    if not last:
        written["links"] = {"next": f"{address}?{urlencode({'page[after]': cursor})}"}
    if not first:
        before = f"{address}?{urlencode({'page[before]': meta['before_cursor']})}"
        written["links"] = written.get("links", {}) | {"prev": before}
    return written


def _by_offset(name: str, records: Sequence[Record], shape: Callable[[Record], dict[str, Any]]) -> dict[str, Any]:
    size, number = _number("per_page", default=MAX_PAGE), _number("page", default=1, most=10_000)
    start = (number - 1) * size
    more = start + size < len(records)
    return {
        name: [shape(record) for record in records[start : start + size]],
        "count": len(records),
        "next_page": _address({"page": str(number + 1), "per_page": str(size)}) if more else None,
        "previous_page": _address({"page": str(number - 1), "per_page": str(size)}) if number > 1 else None,
    }


def _number(name: str, *, default: int, most: int = MAX_PAGE) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise refusals.invalid_attribute(f"{name} must be a number above 0")
    return min(int(text), most)


def _address(changes: dict[str, str]) -> str:
    wanted = {key: value for key, value in request.args.items() if key not in ("page[after]", "page", "per_page")}
    return f"{request.base_url}?{urlencode(wanted | changes)}"


def _cursor(position: int) -> str:
    return base64.urlsafe_b64encode(f"after:{position}".encode()).decode()


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor).decode().removeprefix("after:"))
    except (binascii.Error, ValueError):
        raise refusals.invalid_attribute("page[after] is not a valid cursor") from None
