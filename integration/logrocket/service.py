"""LogRocket as the rest of this project sees it.

What is large is imported when it is made: the web process asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.logrocket.callback import HighlightsCallback
from integration.logrocket.links import ProjectLinks
from integration.logrocket.settings import LogRocketSettings
from integration.ports import Service

if TYPE_CHECKING:
    from integration.note import Links
    from integration.ports import Callback, Summariser
    from integration.settings import Settings


def _summariser(settings: Settings) -> Summariser:
    from integration.logrocket.client import LogRocket  # noqa: PLC0415 -- see above

    return LogRocket(settings.of(LogRocketSettings))


def _callback(settings: Settings) -> Callback:
    return HighlightsCallback(public_url=settings.public_url, secret_keys=settings.secret_keys)


def _links(settings: Settings) -> Links:
    return ProjectLinks.of(settings.of(LogRocketSettings))


SERVICE: Final = Service(
    name="LogRocket",
    credentials="LOGROCKET_API_KEY",
    summariser=_summariser,
    callback=_callback,
    links=_links,
    ceiling="LOGROCKET_REQUESTS_PER_HOUR",
)
