"""The marker, a note's last line: by it a later attempt finds the note that an earlier one has written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LABEL: Final = "Highlights request "
_LENGTH: Final = 12  # characters of the request's id: enough to tell a case's requests apart, and short enough to read

_ANY: Final = re.compile(rf"{_LABEL}[A-Za-z0-9_-]{{1,{_LENGTH}}}(?![A-Za-z0-9_-])")


def of(request_id: str) -> str:
    """The marker of the note that tells of a request: `Highlights request 0cc12cad4b5b`."""
    return _LABEL + short(request_id)


def short(request_id: str) -> str:
    """As much of a request's id as a note shows."""
    return request_id[:_LENGTH]


def one_is_in(texts: Iterable[str], markers: Iterable[str]) -> bool:
    """Whether one of `markers` stands in one of `texts`, the forms in which a place gives back what was written."""
    together = tuple(texts)
    return any(marker in text for marker in markers for text in together)


def any_is_in(texts: Iterable[str]) -> bool:
    """Whether the marker of any request stands in one of `texts`."""
    return any(_ANY.search(text) for text in texts)
