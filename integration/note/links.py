"""Where a note's links may lead, and what is done to every other address in its text."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Protocol

from integration.facts import Moment, Person

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


class Trusting(Protocol):
    """Which addresses a text may hold."""

    def trusts(self, url: str) -> bool:
        """Whether a note may link to `url`: it leads to the service, whichever way a browser may read it."""


class Nowhere:
    """No address at all: for what is not the summariser's text."""

    def trusts(self, url: str) -> bool:  # noqa: ARG002 -- whichever it is
        """No."""
        return False


class Links(Trusting, Protocol):
    """The addresses of the service that recorded the sessions."""

    def replay(self, place: str) -> str:
        """Where a session is replayed."""

    def sessions(self, person: Person) -> str:
        """Where all sessions of a person are listed."""

    def moment(self, url: str) -> Moment | None:
        """The moment of a session that `url` leads to; None when it leads to none, or may not be linked to."""


def defanged(text: str, links: Trusting, *, seams: Sequence[int]) -> list[str]:
    """Each character of a line's text as it is shown: addresses of other places are broken up.

    An address that `links` trusts is left whole, unless a style begins or ends in it (`seams`) or a brace stands in
    it: what is behind these is shown as a word of its own. The full stop of the sentence that an address ends is no
    part of the address.
    """
    shown = list(text)
    for word in re.finditer(r"\S+", text):
        if not _URL_LIKE.search(word[0]):
            continue
        start = word.end() - len(word[0].lstrip(_OPENING))
        end = word.start() + len(word[0].rstrip(_CLOSING))
        seamless = bisect_right(seams, start) == bisect_left(seams, end)
        if seamless and _is_trusted(text[start:end], links, behind=text[end : word.end()]):
            continue
        if text[start:end].lower().endswith("www"):
            end = word.end()
        for point in _BREAKING_POINT.finditer(text, word.start(), word.end()):
            if point[0] == ":" or point.start() < end:
                shown[point.start()] = f"[{point[0]}]"
    return shown


def _is_trusted(url: str, links: Trusting, *, behind: str) -> bool:
    if set("{}") & set(url) or url.count("//") != 1 or "www." in url.lower():
        return False
    if not behind.isascii() and url.count("/") < 3:  # noqa: PLR2004 -- without a path: `。` could belong to the host
        return False
    return links.trusts(url)


def without_braces(url: str) -> str:
    """An address whose braces are encoded, as RFC 3986 has it: templates of the places where it is shown know them."""
    return url.replace("{", "%7B").replace("}", "%7D")
