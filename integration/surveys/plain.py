"""The plain endpoint: for Zapier, n8n, Make, PostHog and whatever else can send a body of our own; no I/O.

    {"id": "17", "score": 3, "email": "ada@shop.example", "user_id": "u-7", "comment": "I could not pay"}

`scale` (`1-5`) says so when the score is not of 0-10, `at` when it was given.
"""

from __future__ import annotations

import hmac
import re
from typing import Any, Final

from integration.errors import MalformedDelivery, UnverifiedDelivery, WrongSignature
from integration.facts import NewCase
from integration.json_body import parse_object
from integration.ports import Headers
from integration.surveys import fields
from integration.surveys.answer import Answer
from integration.surveys.scale import OF_TEN, Scale
from integration.surveys.settings import SurveySettings

MAX_BYTES: Final = 64 * 1024
_BEARER: Final = re.compile(r"bearer +([!-~]{1,1000})", re.IGNORECASE)


class PlainDoor:
    """Where answers come in our own form, with a token that the admin made."""

    path = "/surveys/plain"
    max_bytes = MAX_BYTES
    ignored = 200

    def __init__(self, settings: SurveySettings) -> None:
        self._settings = settings

    @property
    def has_secret(self) -> bool:
        """Whether the token is set."""
        return self._settings.token is not None

    def look_at(self, headers: Headers, *, now: float) -> None:  # noqa: ARG002 -- a token has no time
        """Raise `UnverifiedDelivery` unless the token is ours: it is all the proof that there is."""
        given = _BEARER.fullmatch(headers.get("Authorization", "").strip())
        if given is None:
            raise UnverifiedDelivery("no bearer token")
        if not self._settings.token or not hmac.compare_digest(given[1].encode(), self._settings.token.encode()):
            raise WrongSignature("bearer token wrong")

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:  # noqa: ARG002 -- nothing signs the body
        """The same once more."""
        self.look_at(headers, now=now)

    def read(self, body: bytes, headers: Headers) -> NewCase | None:  # noqa: ARG002 -- the body says it all
        """The case of an answer; one without a low score begins nothing."""
        return answer(parse_object(body)).as_case(self._settings)


def answer(payload: dict[str, Any]) -> Answer:
    """The answer that a body tells of."""
    return Answer(
        reference=fields.reference(payload.get("id")),
        score=_scale(payload.get("scale")).of_ten(payload.get("score")),
        person=fields.person(email=payload.get("email"), user_id=payload.get("user_id")),
        comment=fields.comment(payload.get("comment")),
        given_at=fields.moment(payload.get("at")),
    )


def _scale(value: object) -> Scale:
    if value is None or value == "":
        return OF_TEN
    try:
        return Scale.read(value if isinstance(value, str) else "")
    except ValueError:
        raise MalformedDelivery("the scale is none such as 1-5") from None
