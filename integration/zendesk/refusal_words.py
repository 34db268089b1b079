"""What Zendesk says of its refusal, in its own words for machines; no I/O.

It answers `{"error": "RecordInvalid", "description": ..., "details": {"base": [{"error": "BlankValue",
"ticket_field_id": 12345657, "description": ...}]}}`: the errors and the names and numbers of fields are kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from integration.json_body import json_object
from integration.machine_words import first_few, number, word

_LOOKED_AT: Final = 20  # fields, and problems of each
_BLANK: Final = "BlankValue"


def refusal_words(body: bytes) -> str:
    """The words of a refusal; empty when there are none."""
    answer = json_object(body) or {}
    error = answer.get("error")
    named = word(error.get("title") if isinstance(error, dict) else error)
    words, blank = [] if named is None else [named], []
    for name, problem in _problems(answer.get("details")):
        why, field = word(problem.get("error")), number(problem.get("ticket_field_id"))
        parts = (name, why, None if field is None else f"ticket_field_id {field}")
        words.append(" ".join(part for part in parts if part))
        if why == _BLANK:
            blank.append(field or name)
    told, empty = first_few(words), first_few(blank)
    if not empty:
        return ", ".join(told)
    what = "a required field is empty" if len(empty) == 1 else "required fields are empty"
    return f"{what}: {', '.join(empty)} ({', '.join(told)})"


def _problems(details: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """What is wrong with which field, as far as both have the form that Zendesk documents."""
    for name, problems in islice(details.items() if isinstance(details, dict) else (), _LOOKED_AT):
        if word(name) is None:
            continue
        listed = [problem for problem in problems if isinstance(problem, dict)] if isinstance(problems, list) else []
        yield from ((name, problem) for problem in listed[:_LOOKED_AT] or [{}])
