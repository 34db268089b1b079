"""The names of brands and forms, which a ticket names by their ids alone.

They are read when something is chosen by a name, and kept for an hour. A ticket is not lost for a list that cannot be
read: what was known before counts on, and the list is asked for again a few minutes later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

from integration import logs
from integration.errors import RemoteError
from integration.http import ServiceSession
from integration.zendesk import lists
from integration.zendesk.zenpy_client import SURPRISES

BRANDS, FORMS = "brands", "ticket_forms"  # what the API calls the lists
KEPT_SECONDS: Final = 3600.0
AGAIN_SECONDS: Final = 300.0  # after a list could not be read
_MOST_PAGES: Final = 5

Label = tuple[str, str | None]

log = logs.get(__name__)


class Labels:
    """The names of one list; `monotonic` tells how time passes."""

    def __init__(
        self, session: ServiceSession, url: str, name: str, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._url = f"{url}/api/v2/{name}"
        self._name = name
        self._monotonic = monotonic
        self._known: Mapping[str, str] = {}
        self._read_again_at: float | None = None

    def named(self, label: Label | None) -> Label | None:
        """The brand or form with its name; as it was, when its name is not known."""
        if label is None:
            return None
        if self._read_again_at is None or self._monotonic() >= self._read_again_at:
            self._read()
        return label[0], self._known.get(label[0])

    def _read(self) -> None:
        kept = KEPT_SECONDS
        try:
            records = lists.records(self._session, self._url, self._name, most_pages=_MOST_PAGES)
            self._known = {
                str(record.get("id")): name for record in records if isinstance(name := record.get("name"), str)
            }
        except (RemoteError, *SURPRISES) as error:
            kept = AGAIN_SECONDS
            log.warning("names cannot be read, tickets go on without", list=self._name, error=type(error).__name__)
        self._read_again_at = self._monotonic() + kept
