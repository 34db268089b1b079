"""Which source a recorded payload is of, and what it would be read as; no I/O."""

from __future__ import annotations

from typing import Any, Final

from integration.surveys import formbricks, plain, typeform
from integration.surveys.answer import Answer
from integration.surveys.settings import SurveySettings

SOURCES: Final = ("plain", "formbricks", "typeform")


def source_of(payload: dict[str, Any]) -> str:
    """The source that sends payloads of this form."""
    if "form_response" in payload or "event_type" in payload:
        return "typeform"
    return "formbricks" if "event" in payload and "webhookId" in payload else "plain"


def answer(payload: dict[str, Any], settings: SurveySettings, *, source: str) -> Answer | None:
    """The answer that a payload of this source tells of; None when it tells of none."""
    match source:
        case "formbricks" if settings.formbricks is not None:
            return formbricks.answer(payload, settings.formbricks)
        case "typeform" if settings.typeform is not None:
            return typeform.answer(payload, settings.typeform)
    return plain.answer(payload)
