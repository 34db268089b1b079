"""What Typeform's webhook delivers: one answer, whole; no I/O.

Signature: `sha256=` and base64(HMAC-SHA256(secret, body)); it has no time, so an old delivery can come again, and the
answer's token tells. A question that was skipped is not among the answers: they are told by their `ref`.
https://www.typeform.com/developers/webhooks/
"""

from __future__ import annotations

import base64
import hmac
import re
from typing import Any, Final

from integration.errors import MalformedDelivery, UnverifiedDelivery, WrongSignature
from integration.facts import NewCase
from integration.json_body import object_at, parse_object
from integration.ports import Headers
from integration.surveys import fields
from integration.surveys.answer import Answer
from integration.surveys.settings import SourceSettings, SurveySettings

MAX_BYTES: Final = 256 * 1024
SIGNATURE: Final = "Typeform-Signature"
_SIGNATURE: Final = re.compile(r"sha256=[A-Za-z0-9+/]{43}=")


class TypeformDoor:
    """Where Typeform tells of answers."""

    path = "/surveys/typeform"
    max_bytes = MAX_BYTES
    ignored = 200

    def __init__(self, settings: SurveySettings) -> None:
        if settings.typeform is None:
            raise ValueError("Typeform is not set up")
        self._settings, self._source = settings, settings.typeform

    @property
    def has_secret(self) -> bool:
        """Whether the webhook's secret is set."""
        return bool(self._source.secret)

    def look_at(self, headers: Headers, *, now: float) -> None:  # noqa: ARG002 -- the signature has no time
        """Raise `UnverifiedDelivery` when the headers alone show that nobody signed this."""
        if not _SIGNATURE.fullmatch(headers.get(SIGNATURE, "")):
            raise UnverifiedDelivery("signature header missing or malformed")

    def verify(self, body: bytes, headers: Headers, *, now: float) -> None:
        """Raise `UnverifiedDelivery` unless Typeform signed the body."""
        self.look_at(headers, now=now)
        given = headers.get(SIGNATURE, "").encode("ascii")
        if not self.has_secret or not hmac.compare_digest(signature(body, secret=self._source.secret), given):
            raise WrongSignature("signature wrong")

    def read(self, body: bytes, headers: Headers) -> NewCase | None:  # noqa: ARG002 -- the body says it all
        """The case of an answer, which begins nothing without a low score; None when it tells of none."""
        told = answer(parse_object(body), self._source)
        return None if told is None else told.as_case(self._settings)


def signature(body: bytes, *, secret: str) -> bytes:
    """How Typeform signs a body."""
    return b"sha256=" + base64.b64encode(hmac.digest(secret.encode("ascii"), body, "sha256"))


def answer(payload: dict[str, Any], source: SourceSettings) -> Answer | None:
    """The answer that a body tells of; None when it tells of something else."""
    if payload.get("event_type") != "form_response":
        return None
    response = payload.get("form_response")
    if not isinstance(response, dict):
        raise MalformedDelivery("no response in it")
    given, known = response.get("answers"), object_at(response, "hidden")
    answers = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    written = next((item.get("email") for item in answers if item.get("type") == "email"), None)
    return Answer(
        reference=f"typeform-{fields.reference(response.get('token'))}",
        score=source.score.scale.of_ten(_to(source.score.id, answers, "number")),
        person=fields.person(email=known.get("email") or written, user_id=known.get("user_id")),
        comment=fields.comment(None if source.comment is None else _to(source.comment, answers, "text")),
        given_at=fields.moment(response.get("submitted_at")),
    )


def _to(ref: str, answers: list[dict[str, Any]], kind: str) -> object:
    """The answer to one question; None when it was skipped."""
    for item in answers:
        question = item.get("field")
        if isinstance(question, dict) and question.get("ref") == ref and item.get("type") == kind:
            return item.get(kind)
    return None
