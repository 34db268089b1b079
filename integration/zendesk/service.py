"""Zendesk as the rest of this project sees it.

What is large is imported when it is made: the web process writes no notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.facts import CaseKey, reference_of
from integration.ports import Service, Signing
from integration.zendesk.pace import DEFAULT_INTERVAL
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.webhook import DESK, FRESH_SECONDS, TicketDoor

if TYPE_CHECKING:
    from integration.missed_cases import MissedCases
    from integration.ports import Door, Place, Wait
    from integration.settings import Settings


def _door(settings: Settings) -> Door:
    return TicketDoor(settings.of(ZendeskSettings))


def _place(settings: Settings) -> Place:
    from integration.zendesk.desk import Desk  # noqa: PLC0415 -- see above
    from integration.zendesk.labels import BRANDS, FORMS  # noqa: PLC0415 -- see above

    lists = {"brand": BRANDS, "form": FORMS}
    return Desk(settings.of(ZendeskSettings), named=[lists[kind] for kind in settings.named_kinds])


def _missed(settings: Settings, wait: Wait) -> MissedCases:
    from integration.zendesk.missed import MissedTickets  # noqa: PLC0415 -- see above

    return MissedTickets(settings, wait=wait)


def _case_url(settings: Settings, key: CaseKey) -> str:
    return f"{settings.of(ZendeskSettings).url}/agent/tickets/{reference_of(key)}"


SERVICE: Final = Service(
    name="Zendesk",
    is_set_up=lambda settings: settings.find(ZendeskSettings) is not None,
    credentials="ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET",
    desk=DESK,
    door=_door,
    signing=Signing(
        secret="ZENDESK_WEBHOOK_SECRET",  # noqa: S106 -- the name of the variable
        command="install",
        sender="trigger",
        needed="usable ticket_id",
        fresh_minutes=FRESH_SECONDS // 60,
    ),
    place=_place,
    interval=DEFAULT_INTERVAL,
    case_url=_case_url,
    missed=_missed,
)
