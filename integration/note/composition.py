"""Which parts a note has, and in which order: by our own layout, or by a template of the admin's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from integration.facts import Highlights, NoteStyle, Nothing, Occasion, Person, Session
from integration.note import markdown, marker, template_values
from integration.note.characters import clean
from integration.note.document import Block, Line, Note, Paragraph, Parts, SessionParts, lines
from integration.note.emphasis import emphasised
from integration.note.layout import Layout, ToldSession, harmless
from integration.note.links import Links, Nowhere
from integration.note.moments import LinkedMoment, linked, nearest
from integration.note.wording import Wording

_MAX_CHARACTERS: Final = 60_000  # that are read, and that are shown: no place takes more
_MAX_SESSIONS: Final = 100
_NOWHERE: Final = Occasion()
_PLAIN: Final = NoteStyle()


def compose(  # noqa: PLR0913 -- the one door: what is told, of whom, on which occasion, and how
    highlights: Highlights | Nothing,
    *,
    request_id: str,
    links: Links,
    person: Person,
    occasion: Occasion = _NOWHERE,
    style: NoteStyle = _PLAIN,
) -> Note:
    """The note; `TemplateFailed` when the style has a template that fails with these highlights.

    Without highlights it is one sentence and the link to all sessions.
    """
    layout = Layout.of(person, occasion, links, style)
    last_line = Paragraph(Line((clean(marker.of(request_id)),)))
    if isinstance(highlights, Nothing):
        return Note(
            heading=layout.nothing(highlights),
            body=(),
            complete=True,
            closing=layout.closing(with_zone=False),
            cut_line=layout.cut_line(with_zone=False),
            last_line=last_line,
            parts=Parts(nothing=highlights, all_sessions=links.sessions(person)),
            subject=layout.subject,
        )
    source = _worth_reading(highlights)
    told = _Told.of(source, layout)
    if style.template is None:
        body, all_shown = _worth_showing(_laid_out(told, layout))
    else:
        from integration.note import template  # noqa: PLC0415 -- it is large, and few have one

        made = template.render(style.template, _values(source, told, layout, request_id=request_id))
        body, all_shown = _worth_showing(markdown.blocks(markdown.first_lines(made), links))
    with_zone = any(session.moment for session in told.sessions)
    return Note(
        heading=layout.heading(told.sessions, told.look_first) if style.template is None else layout.answer(),
        body=body,
        complete=all_shown and source == highlights,
        closing=layout.closing(with_zone=with_zone) if style.template is None else None,
        cut_line=layout.cut_line(with_zone=with_zone),
        last_line=last_line,
        parts=_parts(told, layout),
        subject=layout.subject,
    )


def with_reference(note: Note, reference: str, style: NoteStyle = _PLAIN) -> Note:
    """The note with what its reader calls the request, above what it tells."""
    shown = harmless(" ".join(clean(reference).split()), Nowhere())
    line = Paragraph(Line((Wording.of(style).say("reference", reference=shown),)))
    return dataclasses.replace(note, body=(line, *note.body))


def last_moment(highlights: Highlights, links: Links) -> float | None:
    """The last moment that the highlights link to, in Unix seconds."""
    source = _worth_reading(highlights)
    texts = (source.summary, *(session.text for session in source.sessions))
    blocks = chain.from_iterable(markdown.blocks(text, links) for text in texts)
    return max((moment.at for moment in linked(blocks, links, _NOWHERE)), default=None)


def _laid_out(told: _Told, layout: Layout) -> Iterator[Block]:
    """The body of our own layout."""
    yield from map(emphasised, told.summary)
    if told.look_first is not None:
        yield layout.look_first(told.look_first)
    for number, session in enumerate(told.sessions, 1):
        yield layout.session(number, session)


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What the highlights tell, in the order of the note: its sessions are numbered from the newest."""

    summary: tuple[Block, ...]
    sessions: tuple[ToldSession, ...]
    look_first: LinkedMoment | None

    @classmethod
    def of(cls, source: Highlights, layout: Layout) -> _Told:
        listed = [session for session in source.sessions if session.place or session.text.strip()]
        summary = tuple(markdown.blocks(source.summary, layout.links))
        texts = [tuple(markdown.blocks(session.text, layout.links)) for session in listed]
        moments = _by_place(chain(summary, *texts), listed, layout)
        sessions = [
            ToldSession(
                session=session,
                blocks=blocks,
                moment=nearest(moments.get(session.place or "", ()), layout.occasion),
            )
            for session, blocks in zip(listed, texts, strict=True)
        ]
        sessions.sort(key=lambda told: -told.moment.at if told.moment else 0.0)
        look_first = nearest(chain.from_iterable(moments.values()), layout.occasion)
        return cls(summary=summary, sessions=tuple(sessions), look_first=look_first)


def _parts(told: _Told, layout: Layout) -> Parts:
    """What the note tells, without its layout."""
    sessions = [
        SessionParts(
            url=layout.links.replay(session.session.place) if session.session.place else None,
            at=session.moment.at if session.moment else None,
            blocks=session.blocks,
        )
        for session in told.sessions
    ]
    return Parts(summary=told.summary, sessions=tuple(sessions), all_sessions=layout.links.sessions(layout.person))


def _by_place(blocks: Iterable[Block], listed: Iterable[Session], layout: Layout) -> Mapping[str, list[LinkedMoment]]:
    """The moments of each session: of those that are listed, or when none is, of all."""
    places = {session.place for session in listed}
    moments: dict[str, list[LinkedMoment]] = {}
    for moment in linked(blocks, layout.links, layout.occasion):
        if not places or moment.place in places:
            moments.setdefault(moment.place, []).append(moment)
    return moments


def _values(source: Highlights, told: _Told, layout: Layout, *, request_id: str) -> template_values.Values:
    """What a template is given."""
    words, occasion = layout.words, layout.occasion
    return template_values.values(
        who=layout.name,
        summary=source.summary,
        sessions=[
            template_values.session(
                number=number,
                when=layout.when(session.moment.at) if session.moment else "",
                distance=words.distance(session.moment.at, occasion) if session.moment else "",
                text=session.session.text,
                url=layout.links.replay(session.session.place) if session.session.place else "",
            )
            for number, session in enumerate(told.sessions, 1)
        ],
        first_look=told.look_first.url if told.look_first else "",
        all_sessions=layout.links.sessions(layout.person),
        request=marker.short(request_id),
        case=clean(occasion.case),
        remark=" ".join(layout.remarks()),
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
