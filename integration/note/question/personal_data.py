"""Personal data in a text becomes what it is: `[card]`, `[phone]`, `[address]`.

Order numbers, amounts, versions, dates and error codes stay: the question is about them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from integration.note.question.addresses import addresses
from integration.note.question.contacts import emails, links, machines, phones
from integration.note.question.finding import Finding, group
from integration.note.question.keys import codes, passwords, tokens
from integration.note.question.numbers_of_people import accounts, births, cards, identities

NAME: Final = "[name]"

# Where two of them overlap, both go, and the first one says what stood there.
_SEARCHES: Final[tuple[Callable[[str], Iterator[Finding]], ...]] = (
    links,
    emails,
    tokens,
    cards,
    accounts,
    births,
    identities,
    passwords,
    machines,
    codes,
    phones,
    addresses,
)
_SHORTEST_NAME: Final = 3
_INTRODUCED: Final = re.compile(
    r"(?i:\b(?:my (?:full )?name is|mein name ist|ich hei(?:ß|ss)e|me llamo|mi nombre es|(?:full )?name:|nombre:"
    r"|titular:)|(?<!\w)(?:ich bin|i am|i'm|soy)(?=[ ][A-ZÀ-Þ][\w-]{1,24}[ ][A-ZÀ-Þ][\w-]{1,24}[,.]))[ ]"
    r"([A-ZÀ-Þ][\w'\u2019-]{1,24}"
    r"(?:[ ](?:(?:de|del|la|von|van|zu)[ ]){0,2}(?:[A-ZÀ-Þ][\w'\u2019-]{1,24}|[A-Z]\.)){0,3})"
)


_REPEATED: Final = frozenset(("[password]", "[token]", "[code]", "[card]", "[IBAN]"))
_SHORTEST_REPEATED: Final = 5


def neutral(text: str, *, people: Sequence[str] = (), end: int | None = None) -> str:
    """The text up to `end` without personal data; what `people` are called is personal, too."""
    pieces: list[str] = []
    at, end = 0, len(text) if end is None else end
    for finding in found(text, people=people):
        if finding.start >= end:
            break
        pieces += (text[at : finding.start], finding.instead)
        at = finding.end
    pieces.append(text[at:end])
    return "".join(pieces)


def found(text: str, *, people: Sequence[str] = ()) -> list[Finding]:
    """All that is personal in a text, in order; no two of them overlap."""
    once = _merged((*(search(text) for search in _SEARCHES), _names(text, people)))
    return _merged((once, _again(text, once)))


def _again(text: str, once: list[Finding]) -> Iterator[Finding]:
    """What was found to be secret, wherever else it stands."""
    secrets = {text[finding.start : finding.end]: finding.instead for finding in once if finding.instead in _REPEATED}
    for secret, instead in secrets.items():
        if len(secret) >= _SHORTEST_REPEATED:
            for match in re.finditer(re.escape(secret), text):
                yield group(match, instead, 0)


def _merged(searches: Iterable[Iterable[Finding]]) -> list[Finding]:
    """The findings of some searches in order; those that overlap become one."""
    ranked = [
        (finding.start, finding.end, rank, finding.instead)
        for rank, findings in enumerate(searches)
        for finding in findings
        if finding.start < finding.end
    ]
    merged: list[tuple[int, int, int, str]] = []
    for start, end, rank, instead in sorted(ranked):
        if merged and start < merged[-1][1]:
            first, last, best, kept = merged[-1]
            merged[-1] = (first, max(last, end), *((best, kept) if best <= rank else (rank, instead)))
        else:
            merged.append((start, end, rank, instead))
    return [Finding(start, end, instead) for start, end, _, instead in merged]


def _names(text: str, people: Sequence[str]) -> Iterator[Finding]:
    yield from (group(match, NAME) for match in _INTRODUCED.finditer(text))
    for person in people:
        whole = " ".join(person[:200].split())
        if " " in whole:
            initial = rf"{re.escape(whole[0])}\.\s?{re.escape(whole.rpartition(' ')[2])}"
            yield from _occurrences(text, initial, re.NOFLAG)
            yield from _occurrences(text, re.escape(whole).replace(r"\ ", r"\s"), re.IGNORECASE)
        for part in whole.split():
            if len(part) >= _SHORTEST_NAME:  # `May` is somebody, `may` is not
                written = (part.capitalize(), part.upper(), part if part[0].isupper() else part.capitalize())
                yield from _occurrences(text, f"(?:{'|'.join(map(re.escape, written))})", re.NOFLAG)


def _occurrences(text: str, pattern: str, flags: re.RegexFlag) -> Iterator[Finding]:
    return (group(match, NAME, 0) for match in re.finditer(rf"(?<!\w){pattern}(?!\w)", text, flags))
