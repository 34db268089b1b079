"""Surveys as the rest of this project sees them: a service for each source that an admin has set up.

The answers of all of them are cases of one desk, whose notes go to Slack. A source's door is imported when it is made:
most installations have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.ports import Service, Signing
from integration.surveys.settings import DESK, SurveySettings

if TYPE_CHECKING:
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


def _has_plain(settings: Settings) -> bool:
    known = settings.find(SurveySettings)
    return known is not None and known.token is not None


def _has_formbricks(settings: Settings) -> bool:
    known = settings.find(SurveySettings)
    return known is not None and known.formbricks is not None


def _has_typeform(settings: Settings) -> bool:
    known = settings.find(SurveySettings)
    return known is not None and known.typeform is not None


SERVICES: Final = (
    Service(
        name="Surveys",
        credentials="SURVEY_TOKEN",
        is_set_up=_has_plain,
        desk=DESK,
        door=_plain,
        signing=Signing(
            secret="SURVEY_TOKEN",  # noqa: S106 -- the name of the variable
            proof="bearer token",
            sender="survey tool",
            needed="usable id and score",
        ),
        posts_to=_SLACK,
    ),
    Service(
        name="Formbricks",
        credentials="FORMBRICKS_WEBHOOK_SECRET",
        is_set_up=_has_formbricks,
        desk=DESK,
        door=_formbricks,
        signing=Signing(
            secret="FORMBRICKS_WEBHOOK_SECRET",  # noqa: S106 -- likewise
            needed="usable answer",
            fresh_minutes=5,
        ),
        posts_to=_SLACK,
    ),
    Service(
        name="Typeform",
        credentials="TYPEFORM_WEBHOOK_SECRET",
        is_set_up=_has_typeform,
        desk=DESK,
        door=_typeform,
        signing=Signing(
            secret="TYPEFORM_WEBHOOK_SECRET",  # noqa: S106 -- likewise
            needed="usable answer",
        ),
        posts_to=_SLACK,
    ),
)
