"""Which tickets there are, over HTTP: the export of a search, and what changed since a time."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from sandbox.zendesk import refusals, shapes
from sandbox.zendesk.asking import desk, require_admin, require_scope
from sandbox.zendesk.paging import page
from sandbox.zendesk.records import Ticket, now

blueprint = Blueprint("exports", __name__)

NEWEST_SECONDS: Final = 60
"""Incremental exports tell nothing of the latest minute."""

MAX_EXPORT: Final = 1000
_TERM: Final = re.compile(r"created(>=|<=|>|<|:)(\S+)")


@blueprint.get("/search/export")
def export_search() -> ResponseReturnValue:
    """Find tickets by `created` and nothing else, as far as the index shows them by now."""
    require_scope("read")
    if request.args.get("filter[type]") != "ticket":
        raise refusals.invalid_attribute("filter[type] must be ticket")
    terms = request.args.get("query", "").split()
    tickets = [ticket for ticket in _indexed() if all(_fits(ticket, term) for term in terms)]
    written = page("results", tickets, _result, by_cursor_unasked=True)
    return jsonify(written | {"facets": None})


@blueprint.get("/incremental/tickets/cursor")
def export_changed() -> ResponseReturnValue:
    """List what changed since `start_time`, oldest change first; for admins."""
    require_scope("read", "tickets:read")
    require_admin()
    cursor, start = request.args.get("cursor", ""), request.args.get("start_time", "")
    if not (cursor or start).isdecimal():
        raise refusals.invalid_attribute("start_time must be a Unix time")
    if start and int(start) > time.time() - NEWEST_SECONDS:
        raise refusals.invalid_attribute("Too recent start_time. Use a start_time older than 60 seconds")
    size = min(int(request.args.get("per_page", MAX_EXPORT)), MAX_EXPORT)
    changed = sorted(
        (ticket for ticket in list(desk().account.tickets.values()) if _age(ticket.updated_at) >= desk().export_lag),
        key=lambda ticket: ticket.updated_at,
    )
    since, skip = (int(cursor) >> 32, int(cursor) & 0xFFFFFFFF) if cursor else (int(start), 0)
    left = [ticket for ticket in changed if int(ticket.updated_at.timestamp()) >= since][skip:]
    position = str(since << 32 | (skip + min(size, len(left))))
    return jsonify(
        tickets=[
            shapes.ticket(ticket) | {"generated_timestamp": int(ticket.updated_at.timestamp())}
            for ticket in left[:size]
        ],
        after_cursor=position,
        after_url=f"{request.base_url}?cursor={position}",
        before_cursor=None,
        before_url=None,
        end_of_stream=len(left) <= size,
    )


def _indexed() -> list[Ticket]:
    return [ticket for ticket in list(desk().account.tickets.values()) if _age(ticket.created_at) >= desk().index_lag]


def _age(moment: datetime) -> float:
    return (now() - moment).total_seconds()


def _result(record: Ticket) -> dict[str, Any]:
    return shapes.ticket(record) | {"result_type": "ticket"}


def _fits(ticket: Ticket, term: str) -> bool:
    """Tell whether a ticket fits one term of a query, to the second."""
    parts = _TERM.fullmatch(term)
    try:
        moment = datetime.fromisoformat(parts[2]) if parts else None
    except ValueError:
        moment = None
    if parts is None or moment is None:
        raise refusals.invalid_attribute(f"not understood: {term}")
    actual, wanted = int(ticket.created_at.timestamp()), int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp())
    return {
        ">=": actual >= wanted,
        "<=": actual <= wanted,
        ">": actual > wanted,
        "<": actual < wanted,
        ":": actual == wanted,
    }[parts[1]]
