"""The comments of `comments.txt`, and how a question made of one is judged."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from integration.note.question import asked_about
from integration.note.question.finding import Finding
from integration.note.question.personal_data import found

COMMENTS = Path(__file__).with_name("comments.txt")
OUT = "out"  # no word of the requester's own
_MARK = re.compile(r"⟦(?P<kind>[A-Za-z]+):(?P<text>[^⟧]*)⟧")
_WORD = re.compile(r"[\w@.%+-]*\w")
_PLACEHOLDER = re.compile(r"\[[a-zA-Z ]+\]")


@dataclass(frozen=True)
class Mark:
    """A piece of a comment that is personal, and where it stands."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class Comment:
    """A ticket's subject and first comment, and what is marked in it."""

    name: str
    held_out: bool
    subject: str
    people: tuple[str, ...]
    text: str
    marks: tuple[Mark, ...]
    ordinary: tuple[str, ...]
    outside: tuple[tuple[int, int], ...]
    left_out: tuple[str, ...]

    @property
    def language(self) -> str:
        return self.name[:2]

    @cached_property
    def words(self) -> str:
        """What would be asked about, not shortened."""
        return asked_about(self.subject, self.text, people=self.people)

    def leaked(self) -> list[Mark]:
        """The marked pieces of which something telling is in the question."""
        asked = set(words_of(self.words))
        harmless = {*self.ordinary, *words_of(self.subject)}
        return [mark for mark in self.marks if (set(_telling(mark.text)) - harmless) & asked]

    def lost(self) -> list[str]:
        """The ordinary words of the requester's own that are not in the question."""
        wanted = Counter(self.ordinary)
        return list((wanted - Counter(words_of(self.words))).elements())

    def stayed(self) -> list[str]:
        """The words of others, greetings and signatures that are in the question."""
        telling = {word for word in self.left_out if len(word) > 3}
        return sorted(telling & set(words_of(self.words)) - {*self.ordinary, *words_of(self.subject)})

    @cached_property
    def findings(self) -> list[Finding]:
        """What is taken for personal data among the requester's own words, and among the rest."""
        return found(self.text, people=self.people)

    def wrong(self) -> list[str]:
        """What was taken for personal data among their own words, and touches nothing that is marked."""
        spans = [*self.outside, *((mark.start, mark.start + len(mark.text)) for mark in self.marks)]
        return [
            f"{finding.instead} {self.text[finding.start : finding.end]!r}"
            for finding in self.findings
            if not any(start < finding.end and finding.start < end for start, end in spans)
        ]

    def right(self) -> int:
        """How many findings touch something that is marked, wherever it stands."""
        spans = [(mark.start, mark.start + len(mark.text)) for mark in self.marks]
        return sum(
            any(start < finding.end and finding.start < end for start, end in spans) for finding in self.findings
        )

    def missed(self) -> list[Mark]:
        """The marked pieces that would not be found whole if nothing were left out as a signature or a quote."""
        covered = {at for finding in self.findings for at in range(finding.start, finding.end)}
        return [
            mark
            for mark in self.marks
            if any(letter.isalnum() and mark.start + at not in covered for at, letter in enumerate(mark.text))
        ]


def words_of(text: str) -> list[str]:
    """The words of a text, as they are compared."""
    return [word.casefold().strip(".-+%") for word in _WORD.findall(_PLACEHOLDER.sub(" ", text))]


def _telling(text: str) -> list[str]:
    """The words that would give a marked piece away."""
    words = [word for word in words_of(text) if len(word) >= 3]
    return words or words_of(text)


def comments() -> list[Comment]:
    """All of them, in the file's order."""
    text = COMMENTS.read_text(encoding="utf-8")
    return [_comment(part) for part in re.split(r"^=== (?=[a-z]{2}-\d)", text, flags=re.MULTILINE)[1:]]


def _comment(part: str) -> Comment:
    head, body = part.rstrip("\n").split("\n\n", 1)
    title, subject, people = head.split("\n")
    marked = "".join(_lines(body))
    plain, ordinary, left_out = "", "", ""
    marks: list[Mark] = []
    outside: list[tuple[int, int]] = []
    at = 0
    for match in _MARK.finditer(marked):
        between = marked[at : match.start()]
        plain, ordinary = plain + between, ordinary + between
        if match["kind"] == OUT:
            ordinary += " "
            inner = _inner(match["text"], plain, marks)
            outside.append((len(plain), len(plain) + len(inner)))
            left_out, plain = f"{left_out} {inner}", plain + inner
        else:
            marks.append(Mark(match["kind"], match["text"], len(plain)))
            plain, ordinary = plain + match["text"], ordinary + " "
        at = match.end()
    return Comment(
        name=title.split()[0],
        held_out=title.endswith("held out"),
        subject=subject.removeprefix("Subject:").strip(),
        people=tuple(name.strip() for name in people.removeprefix("People:").split(",") if name.strip()),
        text=plain + marked[at:],
        marks=tuple(marks),
        ordinary=tuple(words_of(ordinary + marked[at:])),
        outside=tuple(outside),
        left_out=tuple(words_of(left_out)),
    )


def _lines(body: str) -> Iterable[str]:
    """The lines, with those that are left out as one mark each; marks inside of them in other brackets."""
    for line in body.splitlines(keepends=True):
        text = line.removesuffix("\n")
        if text.startswith("¦"):
            yield f"⟦{OUT}:{text[1:].replace('⟦', '⦃').replace('⟧', '⦄')}⟧" + line[len(text) :]
        else:
            yield line


def _inner(text: str, before: str, marks: list[Mark]) -> str:
    """A left-out line without its marks, which are added to `marks`."""
    plain, at = "", 0
    for match in re.finditer(r"⦃(?P<kind>[A-Za-z]+):(?P<text>[^⦄]*)⦄", text):
        plain += text[at : match.start()]
        marks.append(Mark(match["kind"], match["text"], len(before) + len(plain)))
        plain += match["text"]
        at = match.end()
    return plain + text[at:]


@dataclass(frozen=True)
class Figures:
    """What was measured of some comments."""

    marked: Counter[str]
    hidden: Counter[str]
    missed: int
    ordinary: int
    lost: int
    right: int
    wrong: int
    left_out: int
    stayed: int

    @property
    def recall(self) -> float:
        """Of what is personal, how much is not in the questions."""
        return self.hidden.total() / max(1, self.marked.total())

    @property
    def by_rules_alone(self) -> float:
        """Of what is personal, how much would be found if no quote and no signature were left out."""
        return 1 - self.missed / max(1, self.marked.total())

    @property
    def kept(self) -> float:
        """Of the requesters' ordinary words, how many are in the questions."""
        return 1 - self.lost / max(1, self.ordinary)

    @property
    def precision(self) -> float:
        """Of what was taken for personal data, how much is."""
        return self.right / max(1, self.right + self.wrong)


def measure(these: Iterable[Comment]) -> Figures:
    """The figures of some comments."""
    chosen = list(these)
    marked = Counter(mark.kind for comment in chosen for mark in comment.marks)
    leaked = Counter(mark.kind for comment in chosen for mark in comment.leaked())
    return Figures(
        marked=marked,
        hidden=marked - leaked,
        missed=sum(len(comment.missed()) for comment in chosen),
        ordinary=sum(len(comment.ordinary) for comment in chosen),
        lost=sum(len(comment.lost()) for comment in chosen),
        right=sum(comment.right() for comment in chosen),
        wrong=sum(len(comment.wrong()) for comment in chosen),
        left_out=sum(len({word for word in comment.left_out if len(word) > 3}) for comment in chosen),
        stayed=sum(len(comment.stayed()) for comment in chosen),
    )


def misses(these: Iterable[Comment]) -> Iterator[str]:
    """A line for each piece that leaked, was lost or stayed."""
    for comment in these:
        for mark in comment.leaked():
            yield f"{comment.name} leaked  {mark.kind}: {mark.text!r}"
        for mark in comment.missed():
            yield f"{comment.name} missed  {mark.kind}: {mark.text!r}"
        for finding in comment.wrong():
            yield f"{comment.name} wrong   {finding}"
        if comment.lost():
            yield f"{comment.name} lost    {' '.join(comment.lost())}"
        if comment.stayed():
            yield f"{comment.name} stayed  {' '.join(comment.stayed())}"
