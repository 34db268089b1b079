"""LogRocket's key and our own web process: one harmless request each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import requests

from integration.checks import Result, failure, ok, warning
from integration.checks.given import names_its_project
from integration.errors import RemoteError
from integration.http import ServiceSession
from integration.settings import Settings

KEY, PUBLIC_URL = "LogRocket key", "PUBLIC_URL"
NO_REQUEST: Final = "0" * 64
"""The id of a highlights request that nobody ever made."""

_KEY_FIX: Final = (
    "Copy the project's API key anew (LogRocket > Settings > Project Settings); a personal access token does not work."
)


class Answered(RemoteError):
    """An answer other than 2xx, of which the status is what is wanted."""

    def __init__(self, status: int) -> None:
        super().__init__(f"answered {status}")
        self.status = status


class ProbeSession(ServiceSession):
    """A session of which any answer will do."""

    def refused(self, response: requests.Response, *, write: bool) -> RemoteError:  # noqa: ARG002 -- as the base has it
        """The status alone."""
        return Answered(response.status_code)


def of_logrocket(settings: Settings) -> Iterator[Result]:
    """Whether LogRocket takes our key: asked for a result that does not exist, which costs nothing."""
    session = ProbeSession("LogRocket", settings.logrocket_api_url)
    session.headers["Authorization"] = f"token {settings.logrocket_api_key}"
    path = f"/v1/orgs/{settings.logrocket_org}/apps/{settings.logrocket_app}/highlights"
    try:
        status = session.get(f"{settings.logrocket_api_url}{path}", params={"id": NO_REQUEST}).status_code
    except Answered as answer:
        status = answer.status
    except RemoteError as error:
        yield failure(KEY, f"{error}", f"May this machine reach {settings.logrocket_api_url}?")
        return
    yield key(status, settings)


def key(status: int, settings: Settings) -> Result:
    """What the status of that answer tells of the key; what LogRocket answers is not documented."""
    project = f"{settings.logrocket_org}/{settings.logrocket_app}"
    if status in (401, 403):
        return failure(KEY, f"LogRocket refuses it ({status})", _KEY_FIX)
    if status in (200, 400, 404, 422):
        if names_its_project(settings):
            return ok(KEY, f"LogRocket takes it ({status}), and it names the project {project}")
        if status == 404:  # noqa: PLR2004 -- of the project, or of the request
            fix = f"See that the key is the one that LogRocket shows for {project}, and file a ticket."
            return warning(KEY, f"LogRocket takes it; whether it knows the project {project}, 404 does not tell", fix)
        return ok(KEY, f"LogRocket takes it for {project} ({status})")
    again = "Run the command again later, and file a ticket."
    if 300 <= status < 400:  # noqa: PLR2004 -- redirects
        return failure(KEY, f"LogRocket answers with a redirect ({status})", "Is LOGROCKET_API_URL right?")
    return failure(KEY, f"LogRocket answers {status}, which tells nothing of the key", again)


def of_public_url(settings: Settings) -> Iterator[Result]:
    """Whether the web process is where the others look for it, and can reach Redis."""
    session = ProbeSession("PUBLIC_URL", settings.public_url)
    fix = "Does the web process run, and does PUBLIC_URL lead to it? See the log of the web process."
    try:
        answer = session.get(f"{settings.public_url}/readyz")
    except Answered as answered:
        if answered.status == 503:  # noqa: PLR2004 -- what /readyz says without Redis
            yield failure(PUBLIC_URL, "the web process answers and cannot reach Redis (503)", "Is its REDIS_URL right?")
        else:
            told = f"{settings.public_url}/readyz answers {answered.status}: this is not this project's web process"
            yield failure(PUBLIC_URL, told, fix)
        return
    except RemoteError as error:
        told = f"{error}".replace("PUBLIC_URL", settings.public_url)
        yield failure(PUBLIC_URL, told, f"{fix} With https://, is its certificate valid?")
        return
    if answer.content.strip() != b"ok":
        yield failure(PUBLIC_URL, f"{settings.public_url}/readyz answers, but not as this project's web process", fix)
        return
    yield ok(PUBLIC_URL, f"{settings.public_url} is ready")
