"""Our own web process, as it is seen from elsewhere: one harmless request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from integration import unreachable
from integration.errors import RemoteError
from integration.findings import Result, failure, ok
from integration.http import ServiceSession
from integration.probe import Answered, ProbeAdapter
from integration.settings import Settings

PUBLIC_URL: Final = "PUBLIC_URL"


def of_public_url(settings: Settings) -> Iterator[Result]:
    """Whether the web process answers at PUBLIC_URL, and can reach Redis."""
    session = ServiceSession(ProbeAdapter("PUBLIC_URL", settings.public_url))
    fix = "Does the web process run, and does PUBLIC_URL lead to it? See the log of the web process."
    try:
        answer = session.get(f"{settings.public_url}/readyz")
    except Answered as answered:
        if answered.status == 503:  # noqa: PLR2004 -- what /readyz says without Redis
            fix = "Is its REDIS_URL right? See the lines on Redis above, and the log of the web process."
            yield failure(PUBLIC_URL, "the web process answers, but cannot use Redis (503)", fix)
        else:
            told = f"{settings.public_url}/readyz answers {answered.status}: this is not this project's web process"
            yield failure(PUBLIC_URL, told, fix)
        return
    except RemoteError as error:
        why = unreachable.why(error)
        told = f"{error}{'' if why is None else f': {why}'}".replace("PUBLIC_URL", settings.public_url)
        yield failure(PUBLIC_URL, told, f"{fix} With https://, is its certificate valid?")
        return
    if answer.content.strip() != b"ok":
        yield failure(PUBLIC_URL, f"{settings.public_url}/readyz answers, but not as this project's web process", fix)
        return
    yield ok(PUBLIC_URL, f"{settings.public_url} is ready")
