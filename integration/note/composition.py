"""What a note says, from its heading to its last line; its wording is here."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from integration.facts import Highlights, Person, Session
from integration.note import markdown, marker
from integration.note.characters import clean
from integration.note.document import Block, End, Line, Link, Mark, Note, Paragraph, Span, Start, lines
from integration.note.links import Links, without_braces

_MAX_CHARACTERS: Final = 60_000  # that are read, and that are shown: no place takes more
_MAX_SESSIONS: Final = 100

_HEADING: Final = Paragraph(
    Line(
        (
            *(Start(Mark.STRONG), "What the requester did before this ticket", End(Mark.STRONG)),
            " (LogRocket Galileo Highlights)",
        )
    )
)


def compose(highlights: Highlights, *, request_id: str, links: Links, person: Person) -> Note:
    """The note: a heading, the summary, a line for each session, and the marker of the request that it tells of."""
    source = _worth_reading(highlights)
    sessions = (_session(session, links) for session in source.sessions if session.place or session.text.strip())
    body, all_shown = _worth_showing(chain(markdown.blocks(source.summary, links), sessions))
    everything = _link("all sessions of the requester", links.sessions(person))
    return Note(
        heading=_HEADING,
        body=body,
        complete=all_shown and source == highlights,
        closing=None,
        cut_line=Paragraph(Line(("This note was cut: ", *everything))),
        last_line=Paragraph(Line((clean(marker.of(request_id)),))),
    )


def _worth_reading(highlights: Highlights) -> Highlights:
    """The highlights with as much of their Markdown as could be shown, the summary's first."""
    budget = _MAX_CHARACTERS
    summary = markdown.first_lines(highlights.summary[:budget])
    budget -= len(summary)
    sessions = []
    for session in highlights.sessions[:_MAX_SESSIONS]:
        text = markdown.first_lines(session.text[:budget])
        budget -= len(text)
        sessions.append(dataclasses.replace(session, text=text))
    return dataclasses.replace(highlights, summary=summary, sessions=tuple(sessions))


def _worth_showing(blocks: Iterable[Block]) -> tuple[tuple[Block, ...], bool]:
    """The blocks up to the first that is too long for every place, and whether those are all."""
    taken: list[Block] = []
    budget = _MAX_CHARACTERS
    for block in blocks:
        taken.append(block)
        budget -= sum(len(line.text) for _, line in lines(block))
        if budget < 0:
            return tuple(taken), False
    return tuple(taken), True


def _session(session: Session, links: Links) -> Block:
    """The replay link, then the session's text, as one paragraph whatever blocks it is made of."""
    lead = ("Session",) if session.place is None else _link("Session replay", links.replay(session.place))
    return Paragraph(Line((*lead, *_after_lead(session.text, links))))


def _after_lead(text: str, links: Links) -> Iterator[Span]:
    before = ": "
    for block in markdown.blocks(text, links):
        for item_marker, line in lines(block):
            if line.text.strip():
                yield before + item_marker
                yield from line.spans
                before = "\n"


def _link(text: str, url: str) -> tuple[Span, ...]:
    link = Link(without_braces(url))
    return Start(link), text, End(link)
