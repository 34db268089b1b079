"""What a service may be quoted with when it refuses: words for machines, no value, nothing of a person; no I/O.

Descriptions quote what was sent, so they are left out. What looks like an identifier is kept where a service's folder
knows that the service has words of its own there; of sentences, those are kept that the folder knows to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from integration.json_body import json_object

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_LONGEST: Final = 50  # characters of a word
_MOST: Final = 5  # words of one kind
_LARGEST: Final = 10**18
_MAX_SENTENCE: Final = 200


def word(value: object) -> str | None:
    """A value when it looks like an identifier; None when not."""
    return value if isinstance(value, str) and len(value) <= _LONGEST and _WORD.fullmatch(value) else None


def number(value: object) -> str | None:
    """A value when it is a number that can be an id; None when not."""
    return str(value) if type(value) is int and 0 < value < _LARGEST else None


def first_few(words: Iterable[str]) -> list[str]:
    """The first few different words."""
    return list(dict.fromkeys(words))[:_MOST]


def known_sentence(body: bytes, sentences: Iterable[str]) -> str:
    """Which of these sentences an answer says, as plain text or where JSON usually has it; empty when none."""
    answer = json_object(body)
    said: list[Any] = [body.strip().decode("utf-8", "replace") if len(body) < _MAX_SENTENCE else ""]
    if answer is not None:
        said = [answer.get(name) for name in ("error", "message", "detail")]
    return next((sentence for sentence in sentences if sentence in said), "")
