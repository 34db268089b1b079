"""Slack as the rest of this project sees it: a place for the notes of cases that come from elsewhere.

What is large is imported when it is made: the web process writes no notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.ports import Service
from integration.slack.settings import INTERVAL, SlackSettings
from integration.slack.settings import SERVICE as NAME

if TYPE_CHECKING:
    from integration.ports import Place
    from integration.settings import Settings


def _place(settings: Settings) -> Place:
    from integration.slack.channel import Channel  # noqa: PLC0415 -- see above

    return Channel(settings.of(SlackSettings))


SERVICE: Final = Service(
    name=NAME,
    credentials="SLACK_BOT_TOKEN",
    is_set_up=lambda settings: settings.find(SlackSettings) is not None,
    place=_place,
    interval=INTERVAL,
)
