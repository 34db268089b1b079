"""A person's answer to a survey, whichever service tells of it; no I/O.

Score and comment come in deliveries of their own, and each may come again: they are one answer, by its `reference`,
and one case, to which the ledger adds what comes later.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from integration.facts import CaseKey, NewCase, Person, Said, case_key
from integration.surveys.settings import DESK, SurveySettings


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What is known of an answer; `score` is of 10, `given_at` in Unix seconds, None where nothing told it (yet).

    `rated` is the case that it rates, and `url` where people look at that; most rate none.
    """

    reference: str
    score: float | None = None
    person: Person = field(default_factory=Person)
    comment: str | None = field(default=None, repr=False)
    given_at: float | None = None
    rated: str = ""
    url: str = ""

    @property
    def key(self) -> CaseKey:
        """The key of its case."""
        return case_key(DESK, self.reference)

    def is_low(self, *, max_score: float) -> bool | None:
        """Whether the score is low; None when there is none (yet)."""
        return None if self.score is None else self.score <= max_score

    def as_case(self, settings: SurveySettings) -> NewCase:
        """The case that it makes; one that has no low score changes what is known, and begins nothing."""
        return NewCase(
            key=self.key,
            person=self.person,
            created=self.given_at,
            said=Said(score=self.score, comment=self.comment, rated=self.rated, url=self.url),
            settle=settings.settle_seconds,
            begins=self.is_low(max_score=settings.max_score) is True,
        )
