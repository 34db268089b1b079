"""Whether LogRocket accepts the key of each project: one or two harmless requests for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from integration import unreachable
from integration.errors import RemoteError
from integration.findings import Result, failure, ok, warning
from integration.http import ServiceSession
from integration.json_body import json_object
from integration.logrocket.projects import Project
from integration.logrocket.settings import LogRocketSettings
from integration.probe import Answered, ProbeAdapter

NO_REQUEST: Final = "0" * 64
"""The id of a highlights request that nobody ever made."""

_ABOUT_THE_REQUEST: Final = (400, 404, 422)  # may be said of the request, or of all that it names
_KEY_FIX: Final = (
    "Copy the project's API key anew (LogRocket > Settings > Project Settings); a personal access token does not work."
)


def name_of(settings: LogRocketSettings, project: Project) -> str:
    """What the check of a project's key is called."""
    return f"{settings.service_of(project)} key"


def of_project(settings: LogRocketSettings, project: Project) -> Iterator[Result]:
    """Whether LogRocket accepts the key of a project.

    Asked for a result that does not exist, LogRocket says 404, and the same of a project that it does not know: that
    proves nothing. A request that names no person does, and costs nothing: it is refused for what it lacks only after
    key and project were found good.
    """
    session = ServiceSession(ProbeAdapter(settings.service_of(project), settings.api_url))
    session.headers["Authorization"] = f"token {project.api_key}"
    highlights = f"{settings.api_url}{project.api_path}"
    try:
        looked = _answer(session, "GET", f"{highlights}?id={NO_REQUEST}")
        if is_result_of(looked, project) or looked.status not in (200, *_ABOUT_THE_REQUEST):
            yield key(looked, settings, project)
            return
        yield key(_answer(session, "POST", f"{highlights}/"), settings, project)
    except RemoteError as error:
        why = unreachable.why(error)
        told = f"{error}" if why is None else f"{error}: {why}"
        yield failure(name_of(settings, project), told, f"May this machine reach {settings.api_url}?")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer of LogRocket's: its status, and whether it wrote it itself (JSON or plain text, and no page)."""

    status: int
    body: dict[str, Any] | None
    is_its_own: bool


def _answer(session: ServiceSession, method: str, url: str) -> Answer:
    try:
        response = session.request(method, url, json={} if method == "POST" else None)
    except Answered as answered:
        response = answered.response
    body = json_object(response.content)
    text = response.content.lstrip()
    plain = response.headers.get("Content-Type", "").startswith("text/plain") and text != b"" and text[:1] != b"<"
    return Answer(status=response.status_code, body=body, is_its_own=body is not None or plain)


def is_result_of(answer: Answer, project: Project) -> bool:
    """Whether an answer is about a request of this project, with its result or without one yet."""
    return answer.status == 200 and answer.body is not None and answer.body.get("appID") == project.name  # noqa: PLR2004 -- success


def key(answer: Answer, settings: LogRocketSettings, project: Project) -> Result:
    """What an answer says about the key and the project; LogRocket does not document its answers."""
    name, status, wanted_by = name_of(settings, project), answer.status, _wanted_by(settings, project)
    if status in (401, 403):
        return failure(name, f"LogRocket refuses it ({status}){wanted_by}", _KEY_FIX)
    if is_result_of(answer, project) or (status in (400, 422) and answer.is_its_own):
        return ok(name, f"LogRocket accepts it for the project {project.name} ({status}){wanted_by}")
    if status == 404 and answer.is_its_own:  # noqa: PLR2004 -- the project: no request was asked about
        variable = "LOGROCKET_APP_ID" if project == settings.default else "LOGROCKET_PROJECTS"
        fix = f"Compare {variable}, and the key, with LogRocket > Settings > Project Settings."
        return failure(name, f"LogRocket knows no project {project.name} (404){wanted_by}", fix)
    if 300 <= status < 400:  # noqa: PLR2004 -- redirects
        return failure(name, f"LogRocket answers with a redirect ({status})", "Is LOGROCKET_API_URL right?")
    if status in (429, *range(500, 600)):
        again = "Run the command again later, and file a ticket."
        return failure(name, f"LogRocket answers {status}, which says nothing about the key", again)
    fix = "Is LOGROCKET_API_URL right, and does no proxy answer in LogRocket's place? Then file a ticket."
    untold = f"an answer ({status}) does not tell whether LogRocket accepts it for the project {project.name}"
    return warning(name, f"{untold}{wanted_by}", fix)


def of_settings(settings: LogRocketSettings) -> Iterator[Result]:
    """What the keys themselves show. Most keys name their project; the settings refuse the key of another one."""
    for project in settings.projects:
        name, wanted_by = name_of(settings, project), _wanted_by(settings, project)
        if project.api_key.startswith(f"{project.org}:{project.app}:"):
            yield ok(name, f"names the project {project.name}{wanted_by}")
        else:
            told = f"does not name its project, so it does not show whether that is {project.name}"
            yield ok(name, f"{told}{wanted_by}")


def _wanted_by(settings: LogRocketSettings, project: Project) -> str:
    """The rules that lead to a project, for whoever wrote them."""
    rules = ", ".join(str(rule) for rule in settings.project_rules if rule.project == project)
    return f", for {rules}" if rules else ""
