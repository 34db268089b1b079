"""Zendesk's log of what it could not deliver to us, with the payloads that it kept.

Zendesk gives up on a delivery when we answer with an error, when its circuit breaker is open and when it throttles; its
log keeps what it would have sent for seven days. What stands there was stored by Zendesk and is read with our own
credentials: it needs no signature.
https://developer.zendesk.com/api-reference/webhooks/webhooks-api/webhooks/

Asked for without zenpy, whose generators follow any number of pages, wherever their links lead.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import requests

from integration.errors import Held, MalformedDelivery, NotThere, Temporary
from integration.zendesk import webhook
from integration.zendesk.session import ZendeskSession
from integration.zendesk.webhook import NewTicket

KEPT_HOURS: Final = 7 * 24  # Zendesk forgets older deliveries
MAX_PAGES: Final = 200
PAGE_SIZE: Final = 100
SPARE_SHARE: Final = 0.25  # of the limit on Zendesk's webhook API: left to the people in its Admin Center
_WINDOW_SECONDS: Final = 60.0
_NOT_FOUND: Final = 404
_TRIES: Final = 5  # of one request that meets 429
_UNDER_WAY: Final = frozenset({"pending", "queued", "in progress", "processing"})

Wait = Callable[[float], bool]
"""Lets some seconds pass (0: none); False when it is time to stop."""

NO_PERMISSION: Final = (
    "Zendesk does not let us read its log of failed deliveries: the OAuth client needs the scope `read` or "
    "`webhooks:read`, and its user has to be an admin or in a role that may manage webhooks"
)


@dataclass(frozen=True, kw_only=True)
class Undelivered:
    """A delivery that did not succeed."""

    webhook_id: str
    invocation_id: str
    under_way: bool  # Zendesk may still be trying


class NoPayload(MalformedDelivery):
    """The log has no payload of a delivery (yet)."""


class InvocationLog:
    """The log of every webhook whose endpoint is `endpoint`. Raises `RemoteError`."""

    def __init__(self, session: ZendeskSession, *, endpoint: str, wait: Wait) -> None:
        self._session = session
        self._endpoint = webhook.place(endpoint)
        self._wait = wait

    def webhooks(self) -> list[str]:
        """The ids of our webhooks."""
        listed = (each for page in self._pages("webhooks", "webhooks") for each in page)
        return [str(each["id"]) for each in listed if self._ours(each)]

    def undelivered(self, webhook_id: str, *, since: float) -> Iterator[list[Undelivered]]:
        """The deliveries that did not succeed since a Unix time, page by page."""
        start = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = f"webhooks/{_segment(webhook_id)}/invocations"
        for page in self._pages(path, "invocations", {"filter[from_ts]": start}):
            yield [
                Undelivered(webhook_id=webhook_id, invocation_id=str(each["id"]), under_way=status in _UNDER_WAY)
                for each in page
                if "id" in each and (status := str(each.get("status")).lower()) != "success"
            ]

    def ticket(self, of: Undelivered) -> NewTicket | None:
        """The new ticket that a delivery would have told of; None when it told of something else.

        `MalformedDelivery` when its payload is unusable, `NoPayload` when the log has none.
        """
        path = f"webhooks/{_segment(of.webhook_id)}/invocations/{_segment(of.invocation_id)}/attempts"
        payloads = [each for attempt in _objects(self._get(path, {}), "attempts") for each in _payloads(attempt)]
        problem = MalformedDelivery("no payload can be read")
        for payload in payloads:
            try:
                return webhook.read(payload)
            except MalformedDelivery as error:
                problem = error
        raise problem if payloads else NoPayload("the log has no payload")

    def _ours(self, found: dict[str, Any]) -> bool:
        endpoint = found.get("endpoint")
        return "id" in found and isinstance(endpoint, str) and webhook.place(endpoint) == self._endpoint

    def _pages(self, path: str, name: str, query: dict[str, str] | None = None) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list, `MAX_PAGES` at most; `Temporary` when there are more."""
        asked = {"page[size]": str(PAGE_SIZE), **(query or {})}
        for _ in range(MAX_PAGES):
            answer = self._get(path, asked)
            yield _objects(answer, name)
            meta = answer.get("meta")
            cursor = meta.get("after_cursor") if isinstance(meta, dict) and meta.get("has_more") else None
            if not isinstance(cursor, str) or cursor == asked.get("page[after]"):
                return
            asked["page[after]"] = cursor
        raise Temporary(f"Zendesk's log has more than {MAX_PAGES * PAGE_SIZE} deliveries: choose fewer hours")

    def _get(self, path: str, query: dict[str, str]) -> dict[str, Any]:
        """The JSON object at a path of the API; an empty one when there is nothing."""
        for attempt in range(_TRIES):
            if not self._wait(0.0):
                raise Temporary("stopped before the end of Zendesk's log")
            try:
                response = self._session.get(f"{self._session.asked_url}/api/v2/{path}", params=query)
            except Held as error:
                if error.status == _NOT_FOUND:
                    return {}
                raise Held(f"{NO_PERMISSION} ({error})") from error
            except NotThere:
                return {}
            except Temporary as error:
                if not error.too_many or attempt == _TRIES - 1:
                    raise
                self._wait(min(error.retry_after or _WINDOW_SECONDS, _WINDOW_SECONDS))
            else:
                self._spare()
                return _object(response)
        raise AssertionError("the last attempt returns or raises")

    def _spare(self) -> None:
        """Wait when little is left of the limit: people use it too."""
        total, left, reset = (
            _number(self._session.last_headers.get(name, ""))
            for name in ("X-Rate-Limit", "X-Rate-Limit-Remaining", "ratelimit-reset")
        )
        if total is not None and left is not None and left < total * SPARE_SHARE:
            self._wait(min(_WINDOW_SECONDS if reset is None else float(reset), _WINDOW_SECONDS))


def _segment(identifier: str) -> str:
    """An id as a part of a path; dots could lead elsewhere."""
    return quote(identifier, safe="").replace(".", "%2E")


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except (ValueError, RecursionError) as error:
        raise Temporary("Zendesk's answer cannot be read") from error
    if not isinstance(found, dict):
        raise Temporary("Zendesk's answer cannot be read")
    return found


def _objects(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    listed = answer.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _payloads(attempt: dict[str, Any]) -> Iterator[bytes]:
    """Every form in which an attempt may hold what was sent: in its request or beside it, as text, base64 or JSON."""
    request = attempt.get("request")
    for holder in (request if isinstance(request, dict) else {}, attempt):
        for found in (holder.get("payload"), holder.get("body")):
            if isinstance(found, dict):
                yield json.dumps(found).encode()
            elif isinstance(found, str) and found:
                yield found.encode(errors="replace")
                yield from _decoded(found)


def _decoded(text: str) -> Iterator[bytes]:
    """What base64 text stands for."""
    try:
        yield base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else None
