"""LogRocket as the rest of this project sees it.

What is large is imported when it is made: the web process asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.logrocket.callback import HighlightsCallback
from integration.logrocket.links import ProjectLinks
from integration.logrocket.projects import choose
from integration.logrocket.settings import LogRocketSettings
from integration.ports import Project, Service

if TYPE_CHECKING:
    from integration.facts import Details
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


def _projects(settings: Settings) -> dict[str, str]:
    own = settings.of(LogRocketSettings)
    _, *others = own.projects
    return {own.service_of(project): "LOGROCKET_PROJECTS" for project in others}


def _project(settings: Settings, lane: str) -> Project:
    from integration.logrocket.client import LogRocket  # noqa: PLC0415 -- see above

    own = settings.of(LogRocketSettings)
    by_lane = {own.service_of(project): project for project in own.projects}
    chosen = by_lane[lane]
    return Project(summariser=LogRocket(own, chosen), links=ProjectLinks.of(own, chosen))


def _choose(settings: Settings, details: Details) -> str:
    own = settings.of(LogRocketSettings)
    return own.service_of(choose(own, brand=details.brand, form=details.form))


SERVICE: Final = Service(
    name="LogRocket",
    credentials="LOGROCKET_API_KEY",
    summariser=_summariser,
    callback=_callback,
    links=_links,
    projects=_projects,
    project=_project,
    choose=_choose,
    ceiling="LOGROCKET_REQUESTS_PER_HOUR",
)
