"""The values that a note's template is given, and a sample of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, TypedDict

_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>#&|~!]|^[-+]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|(?<=^\d{3})[.)]|(?<=^\d{4})[.)]")


class TemplateFailed(Exception):
    """The template does not work with these values; the text says why, and repeats none of them."""


class SessionValues(TypedDict):
    """A session as a template has it."""

    number: int
    when: str
    distance: str
    text: str
    url: str


class Counts(TypedDict):
    """How many of what there are."""

    sessions: int


class Values(TypedDict):
    """What a template is given; `summary` and the sessions' `text` are Markdown, of the rest nothing is."""

    who: str
    summary: str
    sessions: Sequence[SessionValues]
    first_look: str
    all_sessions: str
    request: str
    case: str
    remark: str
    counts: Counts


def session(*, number: int, when: str, distance: str, text: str, url: str) -> SessionValues:
    """A session for a template."""
    return {"number": number, "when": _plain(when), "distance": _plain(distance), "text": text, "url": _in_link(url)}


def values(  # noqa: PLR0913 -- a template's values, each by its name
    *,
    who: str,
    summary: str,
    sessions: Sequence[SessionValues],
    first_look: str,
    all_sessions: str,
    request: str,
    case: str,
    remark: str,
) -> Values:
    """All that a template is given, with what is no Markdown written so that it is shown as it stands."""
    return {
        "who": _plain(who),
        "summary": summary,
        "sessions": sessions,
        "first_look": _in_link(first_look),
        "all_sessions": _in_link(all_sessions),
        "request": _plain(request),
        "case": _plain(case),
        "remark": _plain(remark),
        "counts": {"sessions": len(sessions)},
    }


def _plain(text: str) -> str:
    """A text that Markdown shows as it stands."""
    return _SPECIAL.sub(lambda special: f"\\{special[0]}", text)


def _in_link(url: str) -> str:
    """An address that can be a link's in Markdown."""
    return url.replace("(", "%28").replace(")", "%29")


SAMPLE: Final = values(
    who="Ada Example",
    summary="The user [presses Pay now](https://app.logrocket.com/acme/shop/s/5-1/0?t=1764400000000) and **waits**.",
    sessions=[
        session(
            number=number,
            when="today 08:20",
            distance="12 minutes before this ticket",
            text="The user *shops*.",
            url=f"https://app.logrocket.com/acme/shop/s/5-{number}/0",
        )
        for number in (1, 2)
    ],
    first_look="https://app.logrocket.com/acme/shop/s/5-1/0?t=1764400000000",
    all_sessions="https://app.logrocket.com/acme/shop/sessions?e=ada%40shop.example",
    request="0cc12cad4b5b",
    case="35436",
    remark="",
)
NOTHING: Final = values(
    who="?", summary="", sessions=[], first_look="", all_sessions="", request="", case="", remark="A remark."
)
