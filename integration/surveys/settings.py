"""What an admin sets about surveys: which score is low, and what each source is verified and read by."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from integration import standard_webhooks, variables
from integration.parts import Part
from integration.surveys.scale import OF_TEN, Scale
from integration.variables import Reader

NAMES: Final = (
    *("SURVEY_TOKEN", "SURVEY_MAX_SCORE", "SURVEY_SETTLE_SECONDS"),
    *("FORMBRICKS_WEBHOOK_SECRET", "FORMBRICKS_SCORE", "FORMBRICKS_COMMENT"),
    *("TYPEFORM_WEBHOOK_SECRET", "TYPEFORM_SCORE", "TYPEFORM_COMMENT"),
)
DESK: Final = "survey"  # what the keys of its cases begin with
_QUESTION: Final = re.compile(r"(.{1,200}?)(?::([0-9]{1,3}-[0-9]{1,3}))?")
_SHORTEST_KEY: Final = 16  # bytes


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question of a survey by its id, and the scale of its answers."""

    id: str
    scale: Scale = OF_TEN


@dataclass(frozen=True, kw_only=True)
class SourceSettings:
    """One service that signs its deliveries, and where score and comment are in them."""

    secret: str = field(repr=False)
    score: Question
    comment: str | None = None  # the question's id


@dataclass(frozen=True, kw_only=True)
class SurveySettings(Part):
    """All sources; None where one is not set up. `max_score` is of 10."""

    token: str | None = field(default=None, repr=False)
    max_score: float = 6.0
    settle_seconds: float = 180.0
    formbricks: SourceSettings | None = None
    typeform: SourceSettings | None = None

    def facts(self) -> dict[str, object]:
        """What a process says of it at its start, in the log."""
        sources = {"plain": self.token, "formbricks": self.formbricks, "typeform": self.typeform}
        known = [name for name, source in sources.items() if source is not None]
        return {"surveys": ",".join(known)} if known else {}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        signed = [source.secret for source in (self.formbricks, self.typeform) if source is not None]
        return (*([self.token] if self.token else []), *signed)


def read(reader: Reader) -> SurveySettings | None:
    """All of it; None when no source is set up. What a source needs is needed as soon as something of it is set."""
    settings = read_completed(reader)
    sources = reader.text("SURVEY_TOKEN"), settings.formbricks, settings.typeform
    return settings if any(sources) else None


def read_completed(reader: Reader) -> SurveySettings:
    """All of it, also when no source is set up: a desk may tell of ratings, which need none."""
    return SurveySettings(
        token=reader.read("SURVEY_TOKEN", variables.secret, default=None),
        max_score=reader.read("SURVEY_MAX_SCORE", _of_ten, default=6.0),
        settle_seconds=reader.read("SURVEY_SETTLE_SECONDS", variables.seconds, default=180.0),
        formbricks=_source(reader, "FORMBRICKS", _standard_secret),
        typeform=_source(reader, "TYPEFORM", variables.secret),
    )


def read_questions(reader: Reader) -> SurveySettings:
    """What recorded payloads are read by: no secret is asked for."""
    return SurveySettings(
        max_score=reader.read("SURVEY_MAX_SCORE", _of_ten, default=6.0),
        formbricks=_questions(reader, "FORMBRICKS", secret=""),
        typeform=_questions(reader, "TYPEFORM", secret=""),
    )


def question(raw: str) -> Question:
    """A question's id, and behind a colon its scale when that is not 0-10."""
    parts = _QUESTION.fullmatch(variables.text(raw))
    if parts is None:
        raise ValueError("must be a question's id, such as nps or nps:1-5")
    return Question(id=parts[1], scale=OF_TEN if parts[2] is None else _scale(parts[2]))


def _source(reader: Reader, name: str, convert: Callable[[str], str]) -> SourceSettings | None:
    parts = [reader.text(f"{name}_{part}") for part in ("WEBHOOK_SECRET", "SCORE", "COMMENT")]
    if not any(parts):
        return None
    secret = reader.read(f"{name}_WEBHOOK_SECRET", convert, default="", needed=True)
    return _questions(reader, name, secret=secret, needed=True)


def _questions(reader: Reader, name: str, *, secret: str, needed: bool = False) -> SourceSettings:
    return SourceSettings(
        secret=secret,
        score=reader.read(f"{name}_SCORE", question, default=Question(id=""), needed=needed),
        comment=reader.read(f"{name}_COMMENT", variables.text, default=None),
    )


def _standard_secret(raw: str) -> str:
    """The secret of a Standard Webhook: without its prefix it may be another service's, of another form."""
    secret = variables.secret(raw)
    if not secret.startswith(standard_webhooks.PREFIX) or len(standard_webhooks.key_of(secret)) < _SHORTEST_KEY:
        raise ValueError("must be the webhook's signing secret, which begins with whsec_")
    return secret


def _scale(raw: str) -> Scale:
    try:
        return Scale.read(raw)
    except ValueError:
        raise ValueError("must have a scale such as 1-5 behind its colon, the lower end first") from None


def _of_ten(raw: str) -> float:
    if not re.fullmatch(r"[0-9]{1,2}(\.[0-9]{1,2})?", raw) or float(raw) > 10:  # noqa: PLR2004 -- of 10
        raise ValueError("must be a score from 0 to 10")
    return float(raw)
