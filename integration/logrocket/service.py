"""LogRocket as the rest of this project sees it.

What is large is imported when it is made: the web process asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.ports import Service

if TYPE_CHECKING:
    from integration.ports import Summariser
    from integration.settings import Settings


def _summariser(settings: Settings) -> Summariser:
    from integration.logrocket.client import LogRocket  # noqa: PLC0415 -- see above

    return LogRocket(settings.logrocket)


SERVICE: Final = Service(name="LogRocket", credentials="LOGROCKET_API_KEY", summariser=_summariser)
