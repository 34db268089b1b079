"""Intercom as the rest of this project sees it.

Its parts are imported when they are made: the web process writes no notes, and many installations have no Intercom.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.facts import CaseKey, CaseKind, reference_of
from integration.intercom.settings import DESK, INTERVAL, IntercomSettings
from integration.intercom.settings import SERVICE as NAME
from integration.ports import Service, Signing

if TYPE_CHECKING:
    from integration.missed_cases import MissedCases
    from integration.ports import Door, Place, Wait
    from integration.settings import Settings


def _door(settings: Settings) -> Door:
    from integration.intercom.webhook import ConversationDoor  # noqa: PLC0415 -- see above

    return ConversationDoor(settings.of(IntercomSettings))


def _place(settings: Settings) -> Place:
    from integration.intercom.inbox import Inbox  # noqa: PLC0415 -- see above

    return Inbox(settings.of(IntercomSettings))


def _missed(settings: Settings, wait: Wait) -> MissedCases:
    from integration.intercom.missed import MissedConversations  # noqa: PLC0415 -- see above

    return MissedConversations(settings.of(IntercomSettings), wait=wait)


def _case_url(settings: Settings, key: CaseKey) -> str:
    """Where teammates look at it; `_` stands for the workspace that they are in, as in links of Intercom's docs."""
    return f"{settings.of(IntercomSettings).inbox_url}/a/inbox/_/inbox/conversation/{reference_of(key)}"


SERVICE: Final = Service(
    name=NAME,
    credentials="INTERCOM_ACCESS_TOKEN",
    is_set_up=lambda settings: settings.find(IntercomSettings) is not None,
    desk=DESK,
    kind=CaseKind.CONVERSATION,
    door=_door,
    signing=Signing(
        secret="INTERCOM_CLIENT_SECRET",  # noqa: S106 -- the name of the variable
        sender="app",
        needed="usable conversation id and app_id",
    ),
    place=_place,
    interval=INTERVAL,
    case_url=_case_url,
    missed=_missed,
)
