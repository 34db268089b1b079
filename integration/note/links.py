"""Where a note's links may lead, and what is done to every other address in its text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from integration.logrocket.results import Session

_URL_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%|{}-]+")
_LABEL = r"[^\s!-,./:-@\[-^`{-~]"  # a character of a domain's label, of any script, its marks and joiners included
_URL_LIKE = re.compile(
    r"//|www\.|mailto:"
    rf"|{_LABEL}\.(?!\d+[:/?#]){_LABEL}{{2,}}(?::[0-9]+)?[/?#]"  # a domain with a path
    r"|[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?[/?#]",
    re.IGNORECASE,
)
_FULL_STOPS = ".\u3002\uff0e\uff61"
_BREAKING_POINT = re.compile(rf"[{_FULL_STOPS}]|:(?=/)|(?<=mailto):", re.IGNORECASE)
_OPENING = "([<'\"\u00ab\u2018\u201c\u201e\u300c\uff08"
_CLOSING = (
    ")]>'\"\u00bb\u2019\u201c\u201d\u300d\uff09.,;:!?\u2026\u3001\u3002\uff0c\uff0e\uff61\uff01\uff1f\u061f\u06d4\u0964"
)


@dataclass(frozen=True, kw_only=True)
class Project:
    """The LogRocket project whose sessions a note links to."""

    app_url: str
    org: str
    app: str

    @property
    def url(self) -> str:
        """The project's own address."""
        return f"{self.app_url}/{self.org}/{self.app}"

    def replay(self, session: Session) -> str | None:
        """Where a session is replayed; None when LogRocket did not say which one it is."""
        return f"{self.url}/s/{session.place}" if session.place else None

    def sessions(self, *, email: str | None, external_id: str | None) -> str:
        """Where all sessions of a person are listed."""
        return f"{self.url}/sessions?{urlencode({'e': email} if email else {'u': external_id or ''})}"

    def holds(self, url: str) -> bool:
        """Whether `url` leads to LogRocket's own pages, whichever way a browser may read it."""
        if not _URL_CHARACTERS.fullmatch(url):
            return False
        try:
            found, own = urlsplit(url), urlsplit(self.app_url)
        except ValueError:
            return False
        if (found.scheme, found.netloc.lower()) != (own.scheme, own.netloc.lower()):
            return False
        if {".."} & set(re.sub("%2e", ".", found.path, flags=re.IGNORECASE).split("/")):
            return False
        return found.path == own.path or found.path.startswith(own.path + "/")


def defanged(text: str, project: Project, *, seams: Sequence[int]) -> list[str]:
    """Each character of a line's text as it is shown: braces kept apart, URLs to other places broken up.

    A URL to LogRocket is left whole unless a tag or a brace stands in it (`seams`: where tags do): what is behind
    them is shown as a word of its own. The full stop of the sentence that an address ends is no part of the address.
    """
    shown = [apart(character) for character in text]
    for word in re.finditer(r"\S+", text):
        if not _URL_LIKE.search(word[0]):
            continue
        start = word.end() - len(word[0].lstrip(_OPENING))
        end = word.start() + len(word[0].rstrip(_CLOSING))
        seamless = bisect_right(seams, start) == bisect_left(seams, end)
        if seamless and _leads_to_logrocket(text[start:end], project, behind=text[end : word.end()]):
            continue
        if text[start:end].lower().endswith("www"):
            end = word.end()
        for found in _BREAKING_POINT.finditer(text, word.start(), word.end()):
            if found[0] == ":" or found.start() < end:
                shown[found.start()] = f"[{found[0]}]"
    return shown


def _leads_to_logrocket(url: str, project: Project, *, behind: str) -> bool:
    if set("{}") & set(url) or url.count("//") != 1 or "www." in url.lower():
        return False
    if not behind.isascii() and url.count("/") < 3:  # noqa: PLR2004 -- without a path: `。` could belong to the host
        return False
    return project.holds(url)


def apart(character: str) -> str:
    """A brace with a space to its inner side, so that no two become one of Zendesk's placeholders."""
    return {"{": "{ ", "}": " }"}.get(character, character)


def safe_href(url: str) -> str:
    """An address without braces."""
    return url.replace("{", "%7B").replace("}", "%7D")
