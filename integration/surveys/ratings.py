"""A desk's own ratings: how somebody rated a case there is an answer to a survey like any other; no I/O."""

from __future__ import annotations

from collections.abc import Callable

from integration.facts import NewCase, Rating, name_of
from integration.surveys import fields
from integration.surveys.answer import Answer
from integration.surveys.settings import SurveySettings


def answer(rating: Rating) -> Answer:
    """A rating as an answer. Its name is that of the case, of which there is one rating, however often it changes."""
    return Answer(
        reference=rating.of,
        score=rating.score,
        person=rating.person,
        comment=fields.comment(rating.comment),
        rated=name_of(rating.of),
        url=rating.url,
    )


def as_cases(settings: SurveySettings) -> Callable[[Rating], NewCase]:
    """What makes cases of ratings: one without a low score begins nothing."""
    return lambda rating: answer(rating).as_case(settings)
