"""What Formbricks' webhook delivers: an answer as it grows, from its first question to its end; no I/O.

The three events of an answer have one `data.id`. Contacts are known to surveys inside of an app alone.
https://formbricks.com/docs/xm-and-surveys/core-features/integrations/webhooks
"""

from __future__ import annotations

from typing import Any, Final

from integration import standard_webhooks
from integration.errors import MalformedDelivery
from integration.facts import NewCase
from integration.json_body import object_at, parse_object
from integration.ports import Headers
from integration.surveys import fields
from integration.surveys.answer import Answer
from integration.surveys.settings import SourceSettings, SurveySettings

MAX_BYTES: Final = 256 * 1024
_EVENTS: Final = ("responseCreated", "responseUpdated", "responseFinished")


class FormbricksDoor:
    """Where Formbricks tells of answers, signed as a Standard Webhook."""

    path = "/surveys/formbricks"
    max_bytes = MAX_BYTES
    ignored = 200

    def __init__(self, settings: SurveySettings) -> None:
        if settings.formbricks is None:
            raise ValueError("Formbricks is not set up")
        self._settings, self._source = settings, settings.formbricks

    @property
    def has_secret(self) -> bool:
        """Whether the webhook's secret is set."""
        return bool(self._source.secret)

    def look_at(self, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` when the headers alone show that nobody signed this around `now`."""
        standard_webhooks.look_at(headers, now=now)

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` unless Formbricks signed the body around `now`."""
        standard_webhooks.verify(body, headers, secret=self._source.secret, now=now)

    def read(self, body: bytes, headers: Headers) -> NewCase | None:  # noqa: ARG002 -- the body says it all
        """The case of an answer, which begins nothing without a low score; None when it tells of none."""
        told = answer(parse_object(body), self._source)
        return None if told is None else told.as_case(self._settings)


def answer(payload: dict[str, Any], source: SourceSettings) -> Answer | None:
    """The answer that a body tells of; None when it tells of something else, such as a test of the endpoint."""
    if payload.get("event") not in _EVENTS:
        return None
    response = payload.get("data")
    if not isinstance(response, dict):
        raise MalformedDelivery("no response in it")
    answers, contact = object_at(response, "data"), object_at(response, "contactAttributes")
    comment = None if source.comment is None else answers.get(source.comment)
    return Answer(
        reference=f"formbricks-{fields.reference(response.get('id'))}",
        score=source.score.scale.of_ten(answers.get(source.score.id)),
        person=fields.person(email=contact.get("email"), user_id=contact.get("userId")),
        comment=fields.comment(comment),
        given_at=fields.moment(response.get("createdAt")),
    )
