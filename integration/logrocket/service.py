"""LogRocket as the rest of this project sees it.

What is large is imported when it is made: the web process asks nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integration.logrocket.callback import HighlightsCallback
from integration.logrocket.links import ProjectLinks
from integration.logrocket.projects import choose
from integration.ports import Project, Service

if TYPE_CHECKING:
    from integration.facts import Details
    from integration.note import Links
    from integration.ports import Callback, Summariser
    from integration.settings import Settings


def _summariser(settings: Settings) -> Summariser:
    from integration.logrocket.client import LogRocket  # noqa: PLC0415 -- see above

    return LogRocket(settings.logrocket)


def _callback(settings: Settings) -> Callback:
    return HighlightsCallback(public_url=settings.public_url, secret_keys=settings.secret_keys)


def _links(settings: Settings) -> Links:
    return ProjectLinks.of(settings.logrocket)


def _projects(settings: Settings) -> dict[str, str]:
    _, *others = settings.logrocket.projects
    return {settings.logrocket.service_of(project): "LOGROCKET_PROJECTS" for project in others}


def _project(settings: Settings, lane: str) -> Project:
    from integration.logrocket.client import LogRocket  # noqa: PLC0415 -- see above

    by_lane = {settings.logrocket.service_of(project): project for project in settings.logrocket.projects}
    chosen = by_lane[lane]
    return Project(summariser=LogRocket(settings.logrocket, chosen), links=ProjectLinks.of(settings.logrocket, chosen))


def _choose(settings: Settings, details: Details) -> str:
    return settings.logrocket.service_of(choose(settings.logrocket, brand=details.brand, form=details.form))


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
