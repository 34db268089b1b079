"""Requests over HTTP as the rest of this project sees them.

What is large is imported when it is made: the web process sends no callback.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.ask.settings import DESK, AskSettings
from integration.ask.settings import SERVICE as NAME
from integration.facts import CaseKind
from integration.ports import Service

if TYPE_CHECKING:
    from flask import Blueprint
    from redis import Redis

    from integration.ports import Cases, Place, SecondPlace
    from integration.settings import Settings


def _keeper(settings: Settings, redis: Redis, second: SecondPlace | None) -> Place:
    from integration.ask.place import Answers  # noqa: PLC0415 -- see above
    from integration.ask.records import Records  # noqa: PLC0415 -- see above

    own = settings.of(AskSettings)
    return Answers(
        Records(redis, settings, keep_seconds=own.keep_seconds), own, style=settings.note_style, second=second
    )


def _api(settings: Settings, redis: Redis, cases: Cases, copies_to: str | None) -> Blueprint:
    from integration.ask import api  # noqa: PLC0415 -- other processes have no endpoints
    from integration.ask.records import Records  # noqa: PLC0415 -- see above

    own = settings.of(AskSettings)
    records = Records(redis, settings, keep_seconds=own.keep_seconds)
    return api.blueprint(settings, own, records, cases, slack=copies_to is not None)


SERVICE: Final = Service(
    name=NAME,
    credentials="ASK_CALLBACK_SECRET",
    is_set_up=lambda settings: settings.find(AskSettings) is not None,
    desk=DESK,
    kind=CaseKind.REQUEST,
    keeper=_keeper,
    copies_to="Slack",
    api=_api,
    interval=0.05,
)
