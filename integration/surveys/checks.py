"""What an admin should know of the surveys: where each tool sends answers to, and which of them are told of."""

from __future__ import annotations

from collections.abc import Iterator

from integration.findings import Result, ok
from integration.surveys.settings import SourceSettings, SurveySettings


def of_surveys(settings: SurveySettings, *, public_url: str) -> Iterator[Result]:
    """A line for each source; nobody is asked."""
    low = f"scores up to {settings.max_score:g} of 10"
    if settings.token is not None:
        yield ok("surveys", f"answers come to {public_url}/surveys/plain, {low}")
    for name, source in (("Formbricks", settings.formbricks), ("Typeform", settings.typeform)):
        if source is not None:
            yield ok(name, f"answers come to {public_url}/surveys/{name.lower()}, {low}, {_questions(source)}")


def _questions(source: SourceSettings) -> str:
    comment = "without a comment" if source.comment is None else f"with the comment {source.comment}"
    return f"by the question {source.score.id} (of {source.score.scale}), {comment}"
