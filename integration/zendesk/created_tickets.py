"""Which tickets were created in a stretch of time, from whichever of Zendesk's exports our credentials may use.

The search is for agents and shows new tickets some minutes late; the incremental export is for admins, ten times a
minute, and lists all that changed since a time.
https://developer.zendesk.com/api-reference/ticketing/ticket-management/search/#export-search-results
https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/
"""

from __future__ import annotations

import enum
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integration.errors import Temporary
from integration.facts import Stretch
from integration.zendesk import trouble
from integration.zendesk.reader import Absent, Forbidden, Reader, objects
from integration.zendesk.times import iso

SLICE_SECONDS: Final = 3600.0  # searched at a time; a slice that is done is not searched again
EXPORT_PAUSE_SECONDS: Final = 7.5  # between two incremental exports: eight of the ten a minute
MAX_EXPORTS: Final = 400
_LATEST_SECONDS: Final = 120.0  # an incremental export leaves out the latest minute; with room to spare

Record = dict[str, Any]

NO_PERMISSION: Final = (
    "Zendesk does not let us look for tickets: the OAuth client needs the scope `read`, and its user has to be an "
    "agent who may search, or an admin"
)


class Export(enum.StrEnum):
    """How tickets are found."""

    SEARCH = "search export"
    INCREMENTAL = "incremental export"

    @property
    def lag(self) -> float:
        """The seconds after which a new ticket is certainly shown."""
        return 900.0 if self is Export.SEARCH else _LATEST_SECONDS


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some of the tickets; all that were created before `until` have been found (None: that is not known yet)."""

    records: list[Record]
    until: float | None


class CreatedTickets:
    """The tickets of one account by the time of their creation. Raises `RemoteError`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def usable_export(self, *, now: float) -> Export:
        """Which export our credentials may use; `Forbidden` when neither."""
        try:
            self._reader.get("search/export", _query(Stretch(start=now - 1, end=now)) | {"page[size]": "1"})
        except (Forbidden, Absent):
            try:
                self._reader.get("incremental/tickets/cursor", _start(now, now=now))
            except (Forbidden, Absent) as error:
                raise Forbidden(NO_PERMISSION) from error
            return Export.INCREMENTAL
        return Export.SEARCH

    def within(self, stretches: Sequence[Stretch], *, export: Export, now: float) -> Iterator[Batch]:
        """Every ticket that was created in one of the stretches, which are in order."""
        if not stretches:
            return iter(())
        return self._by_search(stretches) if export is Export.SEARCH else self._by_export(stretches[0].start, now=now)

    def _by_search(self, stretches: Sequence[Stretch]) -> Iterator[Batch]:
        for part in _slices(stretches):
            for page in self._reader.pages("search/export", "results", _query(part)):
                yield Batch(records=page, until=None)
            yield Batch(records=[], until=part.end)

    def _by_export(self, since: float, *, now: float) -> Iterator[Batch]:
        """Every ticket that changed since then, new ones among them. Interrupted, it begins at the start again."""
        query = _start(since, now=now)
        for _ in range(MAX_EXPORTS):
            answer = self._reader.get("incremental/tickets/cursor", query)
            yield Batch(records=objects(answer, "tickets"), until=None)
            if answer.get("end_of_stream") is True:
                return
            cursor = answer.get("after_cursor")
            if not isinstance(cursor, str) or query.get("cursor") == cursor:
                raise trouble.unreadable()
            query = {"cursor": cursor}
            self._reader.wait(EXPORT_PAUSE_SECONDS)
        raise Temporary("Zendesk exports more tickets than can be read at once: choose fewer hours")


def _query(part: Stretch) -> dict[str, str]:
    return {"filter[type]": "ticket", "query": f"created>={iso(part.start)} created<={iso(part.end + 1)}"}


def _start(since: float, *, now: float) -> dict[str, str]:
    latest = min(now, time.time()) - _LATEST_SECONDS  # Zendesk refuses a later one, and Redis' clock may be ahead
    return {"start_time": str(max(int(min(since, latest)), 0))}


def _slices(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    for stretch in stretches:
        start = stretch.start
        while start <= stretch.end:
            yield Stretch(start=start, end=min(start + SLICE_SECONDS, stretch.end))
            start += SLICE_SECONDS
