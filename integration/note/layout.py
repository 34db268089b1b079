"""Our own layout: who, what happened, where to look first, the sessions with their times, and where all of them are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from integration.facts import NoteStyle, Nothing, Occasion, Person, Session
from integration.note.characters import clean
from integration.note.document import Block, End, Line, Link, Mark, Paragraph, Span, Start, lines
from integration.note.emphasis import emphasised
from integration.note.links import Links, Trusting, defanged, without_braces
from integration.note.moments import LinkedMoment
from integration.note.wording import Wording

_LONGEST_COMMENT: Final = 1_000  # characters: it stands in the heading, which is never cut
_LONGEST_NAME: Final = 80  # characters; of the words of a link, likewise


@dataclass(frozen=True, kw_only=True)
class ToldSession:
    """A session as a note tells of it; `moment` is the one by which its time is told."""

    session: Session
    blocks: tuple[Block, ...]
    moment: LinkedMoment | None


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The parts of a note about one person, on one occasion, in one language."""

    person: Person
    occasion: Occasion
    links: Links
    words: Wording

    @classmethod
    def of(cls, person: Person, occasion: Occasion, links: Links, style: NoteStyle) -> Layout:
        """The parts in a style; the names of other cases are no more than names."""
        told = replace(
            occasion,
            reused_from=harmless(_one_line(occasion.reused_from), links),
            merged_from=harmless(_one_line(occasion.merged_from), links),
        )
        return cls(person=person, occasion=told, links=links, words=Wording.of(style))

    # -- The first line

    def heading(self, sessions: Sequence[ToldSession], nearest: LinkedMoment | None) -> Block:
        """Who, how many sessions, how long before the case the last of them was; and what is special about it."""
        if sessions:
            told = [*self.words.counted("sessions", len(sessions), who=self._who)]
        else:
            told = [*self.words.spans("linked", who=self._who)]
        if nearest is not None and self.occasion.moment is not None:
            entry = "last_activity" if nearest.at <= self.occasion.moment else "first_activity"
            told += (", ", self.words.say(entry, distance=self.words.distance(nearest.at, self.occasion)))
        return Paragraph(Line((*self._above(), *told, ".", *self._special())))

    def nothing(self, nothing: Nothing) -> Block:
        """One sentence on why there is nothing to tell."""
        entry = "failed" if nothing is Nothing.FAILED else "no_session"
        return Paragraph(Line((*self._above(), *self.words.spans(entry, who=self._who), *self._special())))

    # -- The answer to a survey

    @property
    def subject(self) -> str:
        """The score, or which case was rated badly; empty when the note is about no answer."""
        said = self.occasion.said
        if said is None or said.score is None:
            return ""
        if said.rated:
            return self.words.say("rated", name=harmless(_one_line(said.rated), self.links))
        return self.words.say("score", score=f"{said.score:g}")

    def answer(self) -> Block | None:
        """The score and what was said with it; None when the note is about no answer."""
        spans = tuple(self._answer())
        return Paragraph(Line(spans)) if spans else None

    def _above(self) -> Iterator[Span]:
        """The answer, above what the person did before it."""
        answer = tuple(self._answer())
        yield from (*answer, "\n") if answer else ()

    def _answer(self) -> Iterator[Span]:
        if self.subject:
            yield from (Start(Mark.STRONG), *self._subject(), End(Mark.STRONG))
        comment = "" if self.occasion.said is None else " ".join(clean(self.occasion.said.comment or "").split())
        if comment:
            shown = _short(harmless(comment, self.links), _LONGEST_COMMENT)
            yield from ("\n" if self.subject else "", self.words.say("comment", comment=shown))

    def _subject(self) -> tuple[Span, ...]:
        """The subject, as a link to the case that was rated."""
        url = "" if self.occasion.said is None else self.occasion.said.url
        return link(self.subject, url) if url else (self.subject,)

    def remarks(self) -> Iterator[str]:
        """What is special about this note, a sentence each."""
        occasion, words = self.occasion, self.words
        if occasion.merged_from:
            yield words.say("merged", case=words.other_case(occasion.merged_from))
        if occasion.reused_from:
            yield words.say("reused", case=words.other_case(occasion.reused_from))
        if occasion.now is not None and occasion.on_demand:
            yield words.say("on_demand", moment=self.when(occasion.now))
        elif occasion.created_at is not None and occasion.late:
            yield words.say("late", moment=self.when(occasion.created_at))
        if occasion.older:
            yield words.say("older", case=words.case(occasion))

    def _special(self) -> Iterator[Span]:
        remarks = " ".join(self.remarks())
        if remarks:
            yield from ("\n", Start(Mark.EMPHASIS), remarks, End(Mark.EMPHASIS))

    @property
    def name(self) -> str:
        """What the person is called: by name, or else by what LogRocket knows them by."""
        known = (self.occasion.name, self.person.email, self.person.external_id)
        return next(filter(None, map(_one_line, known)), "?")

    @property
    def _who(self) -> tuple[Span, ...]:
        return Start(Mark.STRONG), harmless(self.name, self.links), End(Mark.STRONG)

    # -- Where to look first

    def look_first(self, moment: LinkedMoment) -> Block:
        """One link, to the last moment before the case, in LogRocket's own words where it has some."""
        which = self._which(moment)
        words = _short(moment.words) if _are_words(moment.words) else ""
        behind = f", {which}" if words else ""
        label = (Start(Mark.STRONG), self.words.say("look_first"), End(Mark.STRONG), " ")
        return Paragraph(Line((*label, *link(words or which, moment.url), behind)))

    def _which(self, moment: LinkedMoment) -> str:
        if self.occasion.moment is None:
            return self.words.say("last_of_all")
        entry = "last_before" if moment.at <= self.occasion.moment else "first_after"
        return self.words.say(entry, case=self.words.case(self.occasion))

    # -- Sessions

    def session(self, number: int, told: ToldSession) -> Block:
        """A number, when it was as the link to its replay, then its text, whatever blocks that is made of."""
        time = self._session_time(told, named=number > 1)
        place = told.session.place
        if place is None:
            lead: tuple[Span, ...] = (time or self.words.say("session"),)
        else:
            lead = link(time or self.words.say("replay"), self.links.replay(place))
        return Paragraph(Line((f"{number}. ", *lead, *_after_lead(map(emphasised, told.blocks)))))

    def _session_time(self, told: ToldSession, *, named: bool) -> str:
        """When a session was, and how far from the case, which may be named; empty when its time is not known."""
        if told.moment is None:
            return ""
        distance_of = self.words.short_distance if named else self.words.distance
        distance = distance_of(told.moment.at, self.occasion)
        return ", ".join(filter(None, (self.when(told.moment.at), distance)))

    def when(self, at: float) -> str:
        """Day and time."""
        occasion = self.occasion
        return self.words.when(at, now=occasion.created_at if occasion.now is None else occasion.now)

    # -- The end

    def closing(self, *, with_zone: bool) -> Block:
        """Where all sessions of the person are, and which times these were."""
        return Paragraph(Line((*self._everything, *self._zone(shown=with_zone))))

    def cut_line(self, *, with_zone: bool) -> Block:
        """What stands for the end of a note that was cut."""
        told = self.words.spans("cut", link=self._everything)
        return Paragraph(Line((*told, *self._zone(shown=with_zone))))

    def _zone(self, *, shown: bool) -> Iterator[Span]:
        if shown:
            yield f" ({self.words.say('zone', zone=self.words.zone_name)})"

    @property
    def _everything(self) -> tuple[Span, ...]:
        return link(self.words.say("all_sessions"), self.links.sessions(self.person))


def link(text: str, url: str) -> tuple[Span, ...]:
    """A link of our own making."""
    where = Link(without_braces(url))
    return Start(where), text, End(where)


def harmless(text: str, links: Trusting) -> str:
    """A text from outside that is no Markdown, with the addresses of other places broken up."""
    return "".join(defanged(text, links, seams=()))


def _after_lead(blocks: Iterable[Block]) -> Iterator[Span]:
    before = ": "
    for block in blocks:
        for item_marker, line in lines(block):
            if line.text.strip():
                yield before + item_marker
                yield from line.spans
                before = "\n"


def _one_line(text: str | None) -> str:
    return _short(" ".join(clean(text or "").split()))


def _short(text: str, longest: int = _LONGEST_NAME) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}\u2026"


def _are_words(text: str) -> bool:
    """Whether the text of a link says something, and is no address."""
    return bool(text.strip()) and "//" not in text and "[.]" not in text
