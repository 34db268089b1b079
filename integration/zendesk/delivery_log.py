"""When Zendesk did not deliver to us, from its own log of webhooks.

Zendesk gives up on a delivery when we answer with an error, when its circuit breaker is open and when it throttles. Its
log tells so for seven days, but not of which ticket: what was never sent has no payload there. So the log says when,
and the tickets themselves say which (`created_tickets.py`).
https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from integration.facts import Stretch, merged
from integration.zendesk import trouble, webhook
from integration.zendesk.reader import Absent, Reader, TooManyPages, segment
from integration.zendesk.times import iso, unix

KEPT_HOURS: Final = 7 * 24  # Zendesk forgets older deliveries
LONGEST_DELIVERY_SECONDS: Final = 30 * 60.0  # from a ticket's creation to the end of its delivery; 8 minutes were seen
_SUCCESS: Final = "success"
_UNDER_WAY: Final = "accepted"


@dataclass(frozen=True, kw_only=True)
class Missed:
    """How many deliveries were not made, and when the tickets that they would have told of were created."""

    deliveries: int
    stretches: tuple[Stretch, ...]


class InvocationLog:
    """The log of every webhook whose endpoint is `endpoint`. Raises `RemoteError`."""

    def __init__(self, reader: Reader, *, endpoint: str) -> None:
        self._reader = reader
        self._endpoint = webhook.normalised_endpoint(endpoint)

    def webhooks(self) -> list[dict[str, Any]]:
        """Our webhooks, as Zendesk has them."""
        return [hook for page in self._reader.pages("webhooks", "webhooks") for hook in page if self._ours(hook)]

    def missed(self, webhook_ids: Iterable[str], *, since: float, now: float) -> Missed:
        """What was not delivered since a Unix time. When more is in the log than can be read, that is all the time."""
        rows: list[dict[str, Any]] = []
        everything = False
        for webhook_id in webhook_ids:
            path, query = f"webhooks/{segment(webhook_id)}/invocations", {"filter[from_ts]": iso(since)}
            try:
                for page in self._reader.pages(path, "invocations", query):
                    rows += [invocation for invocation in page if invocation.get("status") != _SUCCESS]
            except TooManyPages:
                everything = True
            except Absent:  # the webhook has been deleted, and its log with it
                continue
        return missed_in(rows, since=since, now=now, everything=everything)

    def _ours(self, hook: dict[str, Any]) -> bool:
        endpoint = hook.get("endpoint")
        if "id" not in hook or not isinstance(endpoint, str):
            raise trouble.unreadable()
        return webhook.normalised_endpoint(endpoint) == self._endpoint


def missed_in(rows: Sequence[dict[str, Any]], *, since: float, now: float, everything: bool = False) -> Missed:
    """When the tickets were created that these deliveries would have told of (pure).

    A delivery that is under way is left for later; one without a time may be of any ticket.
    """
    stretches, deliveries = [], 0
    for row in rows:
        ended = unix(row.get("latest_completed_at"))
        if row.get("status") == _UNDER_WAY and (ended is None or ended > now - LONGEST_DELIVERY_SECONDS):
            continue
        deliveries += 1
        if ended is None:
            everything = True
        else:
            stretches.append(Stretch(start=ended - LONGEST_DELIVERY_SECONDS, end=ended))
    if everything:
        stretches.append(all_the_time(since=since, now=now))
    return Missed(deliveries=deliveries, stretches=tuple(merged(stretches)))


def all_the_time(*, since: float, now: float) -> Stretch:
    """All the time since then; Zendesk's clock may be ahead of ours."""
    return Stretch(start=since, end=now + 600.0)
