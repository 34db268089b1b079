"""Zendesk as the rest of this project sees it.

What is large is imported when it is made: the web process writes no notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.ports import Service
from integration.zendesk.pace import DEFAULT_INTERVAL
from integration.zendesk.webhook import DESK

if TYPE_CHECKING:
    from integration.ports import MissedCases, Place, Wait
    from integration.settings import Settings


def _place(settings: Settings) -> Place:
    from integration.zendesk.desk import Desk  # noqa: PLC0415 -- see above

    return Desk(settings.zendesk)


def _missed(settings: Settings, wait: Wait) -> MissedCases:
    from integration.zendesk.missed import MissedTickets  # noqa: PLC0415 -- see above

    return MissedTickets(settings, wait=wait)


SERVICE: Final = Service(
    name="Zendesk",
    credentials="ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET",
    desk=DESK,
    place=_place,
    interval=DEFAULT_INTERVAL,
    missed=_missed,
)
