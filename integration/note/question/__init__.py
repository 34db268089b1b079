"""The question that is asked about a person's sessions, made of what they wrote; no I/O.

It goes to another company, and comes back in notes that people copy. So only the requester's own words are in it
(`own_words`), and what is personal in them is replaced by what it is: `[card]`, `[email]` (`personal_data`).

Whoever imports this loads the tables of two libraries, for phone numbers and for bank accounts. `integration.note` does
not: the web process needs none of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from integration.note.question.own_words import own_comment, own_subject
from integration.note.question.personal_data import neutral
from integration.note.question.plain import plain

LONGEST: Final = 500  # characters of the whole question
READ: Final = 20_000  # characters of a comment that are looked at; whatever is quoted or signed is among them
_SUBJECT_READ: Final = 500
_SEARCHED: Final = 3_000  # characters of the requester's own words in which personal data is looked for
_MARGIN: Final = 400  # of these, the last ones are not used: an address that was cut in half is none any more

_BEFORE: Final = "What happened in this user's sessions before they wrote to support: “"
_AFTER: Final = "”"
_QUOTES: Final = str.maketrans({"“": "'", "”": "'", "„": "'", "«": "'", "»": "'"})
_PLACEHOLDER: Final = re.compile(r"\[[a-zA-Z ]+\]")
_WORD: Final = re.compile(r"[^\W\d_]{2}")


def question(subject: str, comment: str, *, people: Sequence[str] = ()) -> str | None:
    """What to ask about the sessions of somebody who wrote this; None when they said nothing that one could ask about.

    `people` are names that do not belong into it, the requester's first of all.
    """
    words = asked_about(subject, comment, people=people)
    if not _WORD.search(_PLACEHOLDER.sub("", words)):
        return None
    return f"{_BEFORE}{_shortened(words, LONGEST - len(_BEFORE) - len(_AFTER))}{_AFTER}"


def asked_about(subject: str, comment: str, *, people: Sequence[str] = ()) -> str:
    """The requester's own words in one line, without personal data; empty when nothing is left."""
    title = own_subject(plain(subject[:_SUBJECT_READ]))
    body = own_comment(plain(comment[:READ]), people=people)
    if body.casefold().startswith(title.casefold()):  # a desk makes the subject of the comment when there is none
        title = ""
    text = "\n\n".join(part for part in (title, body) if part)
    cut = len(text) > _SEARCHED
    used = _SEARCHED - _MARGIN if cut else len(text)
    without = neutral(text[:_SEARCHED], people=people, end=used)
    if title:
        without = re.sub(r"\s*\n\n", " — ", without, count=1)
    return " ".join(without.translate(_QUOTES).split())


def _shortened(words: str, longest: int) -> str:
    if len(words) <= longest:
        return words
    kept = words[: longest - 1]
    if " " in kept[-60:]:
        kept = kept.rpartition(" ")[0]
    opened = kept.rfind("[")
    if opened > kept.rfind("]"):
        kept = kept[:opened]
    return kept.rstrip(" ,;:—-") + "…"
