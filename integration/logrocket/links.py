"""LogRocket's addresses: the one module that makes them, and that tells them from others.

    https://app.logrocket.com/acme/shop/s/5-14de95d6/0?t=1715564734801     a session, at a moment
    https://app.logrocket.com/acme/shop/sessions?e=ada%40shop.example      all sessions of a person

A session's *place* is its part of such an address, `5-14de95d6/0`: the ids of its recording and of itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qs, urlencode, urlsplit

from integration.facts import Moment, Person
from integration.logrocket.projects import Project
from integration.logrocket.settings import LogRocketSettings

_RECORDING_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_SESSION_ID = re.compile(r"[0-9]{1,18}")
_MILLISECONDS = re.compile(r"[0-9]{1,18}")
_SESSION_URL = re.compile(r"(?<=[A-Za-z0-9._-])/s/([A-Za-z0-9._-]{1,128})/([0-9]{1,18})(?![A-Za-z0-9_-])")
_URL = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|{}-]+")


@dataclass(frozen=True, kw_only=True)
class ProjectLinks:
    """The addresses of one project in LogRocket's application."""

    app_url: str
    org: str
    app: str

    @classmethod
    def of(cls, settings: LogRocketSettings, project: Project | None = None) -> Self:
        """The addresses of a project: of the default one, when none is given."""
        chosen = project or settings.default
        return cls(app_url=settings.app_url, org=chosen.org, app=chosen.app)

    def replay(self, place: str) -> str:
        """Where a session is replayed."""
        return f"{self._project}/s/{place}"

    def sessions(self, person: Person) -> str:
        """Where all sessions of a person are listed."""
        query = {"e": person.email} if person.email else {"u": person.external_id or ""}
        return f"{self._project}/sessions?{urlencode(query)}"

    def trusts(self, url: str) -> bool:
        """Whether `url` leads to LogRocket's own pages, whichever way a browser may read it."""
        if not _URL.fullmatch(url):
            return False
        try:
            target, own = urlsplit(url), urlsplit(self.app_url)
        except ValueError:
            return False
        if (target.scheme, target.netloc.lower()) != (own.scheme, own.netloc.lower()):
            return False
        if ".." in re.sub("%2e", ".", target.path, flags=re.IGNORECASE).split("/"):
            return False
        return target.path == own.path or target.path.startswith(own.path + "/")

    def moment(self, url: str) -> Moment | None:
        """The moment of a session that `url` leads to; None when it leads to none, or cannot be trusted."""
        if not self.trusts(url):
            return None
        target = urlsplit(url)
        session = _SESSION_URL.search(target.path)
        times = parse_qs(target.query).get("t", ())
        linked = place(session[1], session[2]) if session else None
        if linked is None or len(times) != 1 or not _MILLISECONDS.fullmatch(times[0]):
            return None
        return Moment(place=linked, at=int(times[0]) / 1000)

    @property
    def _project(self) -> str:
        return f"{self.app_url}/{self.org}/{self.app}"


def place(recording_id: object, session_id: object) -> str | None:
    """The place of a session by the ids that LogRocket gave it; None when they cannot be ids."""
    if not (isinstance(recording_id, str) and _is_recording_id(recording_id)):
        return None
    if isinstance(session_id, bool) or not isinstance(session_id, int | str):
        return None
    return f"{recording_id}/{int(session_id)}" if _SESSION_ID.fullmatch(str(session_id)) else None


def first_place(text: str) -> str | None:
    """The place of the first session that a text links to, under whichever domain it does."""
    places = (place(url[1], url[2]) for url in _SESSION_URL.finditer(text))
    return next((linked for linked in places if linked), None)


def _is_recording_id(text: str) -> bool:
    return _RECORDING_ID.fullmatch(text) is not None and set(text) != {"."}
