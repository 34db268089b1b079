"""Intercom as the rest of this project sees it.

What is large is imported when it is made: the web process writes no notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.intercom.pace import DEFAULT_INTERVAL
from integration.intercom.settings import SERVICE as NAME
from integration.intercom.settings import IntercomSettings
from integration.intercom.webhook import DESK, ConversationDoor
from integration.ports import Service, Signing

if TYPE_CHECKING:
    from integration.missed_cases import MissedCases
    from integration.ports import Door, Place, Wait
    from integration.settings import Settings


def _door(settings: Settings) -> Door:
    return ConversationDoor(settings.of(IntercomSettings))


def _place(settings: Settings) -> Place:
    from integration.intercom.inbox import Inbox  # noqa: PLC0415 -- see above

    return Inbox(settings.of(IntercomSettings))


def _missed(settings: Settings, wait: Wait) -> MissedCases:
    from integration.intercom.missed import MissedConversations  # noqa: PLC0415 -- see above

    return MissedConversations(settings.of(IntercomSettings), wait=wait)


SERVICE: Final = Service(
    name=NAME,
    credentials="INTERCOM_ACCESS_TOKEN",
    is_set_up=lambda settings: settings.find(IntercomSettings) is not None,
    desk=DESK,
    door=_door,
    signing=Signing(
        secret="INTERCOM_CLIENT_SECRET",  # noqa: S106 -- the name of the variable
        sender="app",
        needed="usable conversation id",
    ),
    place=_place,
    interval=DEFAULT_INTERVAL,
    missed=_missed,
)
