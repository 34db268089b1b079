"""When the sessions were: the moments that the texts link to, and which of them comes last before the case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from integration.facts import Occasion
from integration.note.document import Block, End, Line, Link, Start, lines
from integration.note.links import Links

_EARLIEST: Final = 1_420_070_400.0  # 2015: no session was recorded before
_LATEST: Final = 4_102_444_800.0  # 2100
_CLOCKS_APART: Final = 24 * 60 * 60.0  # seconds that the clocks of people's computers may be ahead


@dataclass(frozen=True, kw_only=True)
class LinkedMoment:
    """A moment that a text links to, and the words that are the link."""

    place: str
    at: float
    url: str
    words: str


def linked(blocks: Iterable[Block], links: Links, occasion: Occasion) -> Iterator[LinkedMoment]:
    """The moments that blocks link to, but for those at which no session can have been."""
    known = [moment for moment in (occasion.created_at, occasion.now) if moment is not None]
    latest = max(known) + _CLOCKS_APART if known else _LATEST
    for block in blocks:
        for _, line in lines(block):
            for moment in _of_line(line, links):
                if _EARLIEST <= moment.at <= latest:
                    yield moment


def _of_line(line: Line, links: Links) -> Iterator[LinkedMoment]:
    words: list[str] = []
    for span in line.spans:
        match span:
            case Start(Link()):
                words = []
            case str():
                words.append(span)
            case End(Link(url)):
                moment = links.moment(url)
                if moment is not None:
                    yield LinkedMoment(
                        place=moment.place, at=moment.at, url=url, words=" ".join("".join(words).split())
                    )


def nearest(moments: Iterable[LinkedMoment], occasion: Occasion) -> LinkedMoment | None:
    """The last moment before the one that the note looks back from, or else the first one after it."""
    known = list(moments)
    if occasion.moment is None:
        return max(known, key=_time, default=None)
    before = [moment for moment in known if moment.at <= occasion.moment]
    return max(before, key=_time) if before else min(known, key=_time, default=None)


def _time(moment: LinkedMoment) -> float:
    return moment.at
