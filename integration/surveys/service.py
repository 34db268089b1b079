"""Surveys as the rest of this project sees them: a service for each source that an admin has set up.

The answers of all of them are cases of one desk, whose notes go to Slack. A source's door is imported when it is made:
most installations have none. Ratings have no door here: the desk whose cases are rated tells of them at its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.facts import CaseKind
from integration.ports import Service, Signing
from integration.surveys.settings import DESK, SurveySettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.facts import NewCase, Rating
    from integration.ports import Door
    from integration.settings import Settings

_SLACK: Final = "Slack"


def _plain(settings: Settings) -> Door:
    from integration.surveys.plain import PlainDoor  # noqa: PLC0415 -- see above

    return PlainDoor(settings.of(SurveySettings))


def _formbricks(settings: Settings) -> Door:
    from integration.surveys.formbricks import FormbricksDoor  # noqa: PLC0415 -- see above

    return FormbricksDoor(settings.of(SurveySettings))


def _typeform(settings: Settings) -> Door:
    from integration.surveys.typeform import TypeformDoor  # noqa: PLC0415 -- see above

    return TypeformDoor(settings.of(SurveySettings))


def _rated(settings: Settings) -> Callable[[Rating], NewCase]:
    from integration.surveys.ratings import as_cases  # noqa: PLC0415 -- see above

    return as_cases(settings.of(SurveySettings))


def _has(part: str) -> Callable[[Settings], bool]:
    """Whether a source is set up, by the name of its part of the settings."""

    def is_set_up(settings: Settings) -> bool:
        known = settings.find(SurveySettings)
        return known is not None and getattr(known, part) is not None

    return is_set_up


def _source(name: str, part: str, door: Callable[[Settings], Door], signing: Signing) -> Service:
    """A source of answers; its notes are posted in Slack."""
    return Service(
        name=name,
        credentials=signing.secret,
        is_set_up=_has(part),
        desk=DESK,
        kind=CaseKind.ANSWER,
        door=door,
        signing=signing,
        posts_to=_SLACK,
    )


SERVICES: Final = (
    _source(
        "Surveys",
        "token",
        _plain,
        Signing(
            secret="SURVEY_TOKEN",  # noqa: S106 -- the name of the variable
            proof="bearer token",
            sender="survey tool",
            needed="usable id and score",
        ),
    ),
    _source(
        "Formbricks",
        "formbricks",
        _formbricks,
        Signing(secret="FORMBRICKS_WEBHOOK_SECRET", needed="usable answer", fresh_minutes=5),  # noqa: S106 -- likewise
    ),
    _source(
        "Typeform",
        "typeform",
        _typeform,
        Signing(secret="TYPEFORM_WEBHOOK_SECRET", needed="usable answer"),  # noqa: S106 -- likewise
    ),
    Service(
        name="Ratings",
        credentials="SLACK_BOT_TOKEN",
        is_set_up=lambda settings: settings.find(SurveySettings) is not None,
        desk=DESK,
        kind=CaseKind.ANSWER,
        posts_to=_SLACK,
        rated=_rated,
        comes_with=("Zendesk", _SLACK),
    ),
)
