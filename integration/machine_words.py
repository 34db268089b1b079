"""What a service says of its refusal in words for machines: no sentence, no value, nothing of a person; no I/O.

Zendesk answers `{"error": "RecordInvalid", "description": ..., "details": {"base": [{"error": "BlankValue",
"ticket_field_id": 12345657, "description": ...}]}}`: what looks like an identifier is kept, at the places where Zendesk
has its own words; descriptions, which quote what was sent, are not. Of LogRocket's sentences those are kept that are
known.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from integration.http import json_object

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")
_LONGEST: Final = 50  # characters of a word
_MOST: Final = 5  # of one kind
_LOOKED_AT: Final = 20  # fields, and problems of each
_MAX_FIELD: Final = 10**18
_BLANK: Final = "BlankValue"
_MAX_SENTENCE: Final = 200
_SENTENCES_OF_LOGROCKET: Final = ("token signature is invalid", "Missing request authorization", "Invalid API key")


def of_zendesk(body: bytes) -> str:
    """The words of a refusal of Zendesk's; empty when there are none."""
    answer = json_object(body) or {}
    error = answer.get("error")
    named = error.get("title") if isinstance(error, dict) else error
    words, blank = [] if _word(named) is None else [str(named)], []
    for name, problem in _problems(answer.get("details")):
        why, field = _word(problem.get("error")), _field(problem.get("ticket_field_id"))
        words.append(
            " ".join(each for each in (name, why, None if field is None else f"ticket_field_id {field}") if each)
        )
        if why == _BLANK:
            blank.append(field or name)
    told, empty = _some(words), _some(blank)
    if not empty:
        return ", ".join(told)
    what = "a required field is empty" if len(empty) == 1 else "required fields are empty"
    return f"{what}: {', '.join(empty)} ({', '.join(told)})"


def of_logrocket(body: bytes) -> str:
    """The sentence of a refusal of LogRocket's, when it is a known one; empty when not."""
    answer = json_object(body)
    said: list[Any] = [body.strip().decode("utf-8", "replace") if len(body) < _MAX_SENTENCE else ""]
    if answer is not None:
        said = [answer.get(name) for name in ("error", "message", "detail")]
    return next((sentence for sentence in _SENTENCES_OF_LOGROCKET if sentence in said), "")


def _problems(details: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong with which field, as far as both have the form that Zendesk documents."""
    for name, problems in islice(details.items() if isinstance(details, dict) else (), _LOOKED_AT):
        if _word(name) is None:
            continue
        listed = [each for each in problems if isinstance(each, dict)] if isinstance(problems, list) else []
        yield from ((name, each) for each in listed[:_LOOKED_AT] or [{}])


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and len(value) <= _LONGEST and _WORD.fullmatch(value) else None


def _field(value: object) -> str | None:
    """The number of a ticket field."""
    return str(value) if type(value) is int and 0 < value < _MAX_FIELD else None


def _some(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))[:_MOST]
