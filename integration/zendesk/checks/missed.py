"""Whether missed tickets can be found with these credentials."""

from __future__ import annotations

import time
from typing import Final

from integration.errors import RemoteError
from integration.findings import Result, failure, ok, warning
from integration.settings import Settings
from integration.zendesk import missed
from integration.zendesk.created_tickets import Export
from integration.zendesk.reader import Forbidden
from integration.zendesk.settings import ZendeskSettings
from integration.zendesk.trouble import of_trouble

MISSED: Final = "missed tickets"
_LONGEST_WAIT: Final = 5.0
_FIX: Final = (
    "Let an admin, or an agent who may search, make the OAuth client, with the scope `read` (Admin Center > Apps and "
    "integrations > APIs > OAuth clients). Until then, what comes while the web process is down gets no note."
)
_LOG_FIX: Final = (
    "Let an admin make the OAuth client, or somebody in a role that may manage webhooks: then its log says when "
    "deliveries failed. Without it, all new tickets are compared with the trigger that `install` made."
)
_HOW: Final = {
    Export.SEARCH: "by Zendesk's search export",
    Export.INCREMENTAL: "by Zendesk's incremental export, for its search is not open to these credentials",
}


def missed_tickets(settings: Settings, *, now: float) -> Result:
    """Whether missed tickets can be found, and by which of the two exports."""
    try:
        export, has_log = missed.usable_sources(settings, now=now, wait=_wait)
    except Forbidden as error:
        return failure(MISSED, f"{error}", _FIX)
    except RemoteError as error:
        return of_trouble(MISSED, error, settings.of(ZendeskSettings))
    if not has_log:
        return warning(MISSED, f"found {_HOW[export]}; Zendesk does not show us its log of deliveries", _LOG_FIX)
    return ok(MISSED, f"found {_HOW[export]}, when its log shows deliveries that failed")


def _wait(seconds: float) -> bool:
    time.sleep(min(seconds, _LONGEST_WAIT))
    return True
