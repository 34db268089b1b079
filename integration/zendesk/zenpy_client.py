"""zenpy as we use it: on a session of ours, and with its exceptions made into ours."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import requests
from zenpy import Zenpy
from zenpy.lib.exception import ZenpyException

from integration.http import CONNECT_SECONDS, READ_SECONDS, ServiceSession
from integration.json_body import json_object, object_at
from integration.zendesk import trouble
from integration.zendesk.settings import ZendeskSettings

SURPRISES: Final = (
    *(ZenpyException, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError),
    ArithmeticError,  # an id that is Infinity
)
"""What zenpy, or a look into what it returns, raises when an answer is JSON of a shape that it does not expect."""

_READ_OF_EVENTS: Final = ("id", "type", "public")


def client(settings: ZendeskSettings, session: ServiceSession) -> Zenpy:
    """Zenpy on a session that authorises its requests itself, which zenpy calls anonymous."""
    session.hooks["response"] = [_shorten]
    return Zenpy(
        subdomain=settings.subdomain,
        session=session,
        anonymous=True,
        timeout=(CONNECT_SECONDS, READ_SECONDS),
        disable_cache=True,
    )


def _shorten(response: requests.Response, **_: Any) -> None:  # noqa: ANN401 -- requests' own
    if response.request.method == "PUT":
        response.raw = io.BytesIO(shortened(response.raw.read()))


def shortened(body: bytes) -> bytes:
    """What is read of an answer to a ticket's change; any other answer as it is.

    zenpy makes objects of all that an answer holds, of some of it twice, and a ticket may have hundreds of fields.
    """
    answer = json_object(body) or {}
    audit = object_at(answer, "audit")
    if "ticket" not in answer or not isinstance(audit.get("events"), list):
        return body
    events = [
        {name: event[name] for name in _READ_OF_EVENTS if name in event}
        for event in audit["events"]
        if isinstance(event, dict)
    ]
    return json.dumps({"ticket": {}, "audit": {"ticket_id": audit.get("ticket_id"), "events": events}}).encode()


@contextmanager
def understood(*, write: bool) -> Iterator[None]:
    """Translate zenpy's surprises into `Temporary`, so that no answer of Zendesk's reaches a log or a person."""
    try:
        yield
    except SURPRISES as error:
        raise trouble.unreadable(outcome_unknown=write) from error
