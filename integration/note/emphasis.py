"""Errors, failures and rage clicks stand out where LogRocket's text names them.

The rule is a careful one: it knows English, in which LogRocket writes, leaves alone what is negated, what is set
in strong type already, and what could be part of an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from integration.note.document import Block, End, Line, List, Mark, Paragraph, Quote, Span, Start

_STATUS: Final = r"(?:status (?:code )?|HTTP )?[45]\d\d"
_TROUBLE: Final = re.compile(
    r"(?:(?<!\S)|(?<=\s[\"'(\u201c\u2018\u00ab]))"  # at the beginning of a word
    r"(?:(?i:"
    r"(?:rage|dead)[- ]click(?:s|ed|ing)?"
    rf"|fail(?:s|ed|ing|ures?)?(?: with (?:an? )?{_STATUS})?"
    rf"|(?:answer|return|respond)(?:s|ed|ing)?(?: with)?(?: an?)? {_STATUS}(?: errors?)?"
    r"|(?:status (?:code )?|HTTP )[45]\d\d|[45]\d\d errors?"
    r"|tim(?:es|ed) out|timeouts?"
    r"|(?:unhandled |uncaught )?(?:errors?|exceptions?)(?: messages?)?"
    r"|crash(?:es|ed|ing)?"
    r")|[A-Z]\w{0,40}(?:Error|Exception))"
    r"(?![^\s.,;:!?)\"'\u201d\u2019\u00bb\u2026]|[.:]\w)"  # at the end of one
)
_NEGATED: Final = re.compile(
    r"(?:\b(?:no|not|without|never|zero|any|nor|neither|free of)|n['\u2019]t)\b[^.;\n]*$", re.IGNORECASE
)
_NEGATION_REACHES: Final = 24  # characters


def emphasised(block: Block) -> Block:
    """The block with what went wrong set in strong type."""
    match block:
        case Line():
            return _line(block)
        case Paragraph(line):
            return Paragraph(_line(line))
        case Quote(blocks):
            return Quote(tuple(map(emphasised, blocks)))
        case List(items):
            shown = tuple(replace(item, blocks=tuple(map(emphasised, item.blocks))) for item in items)
            return replace(block, items=shown)
    return block  # a heading stands out, code is set off


def _line(line: Line) -> Line:
    return Line(tuple(_spans(line.spans)))


def _spans(spans: Iterable[Span]) -> Iterator[Span]:
    strong = 0  # how many strong styles are open, in which nothing is emphasised once more
    code: list[Span] = []  # the start of code that is open, and what stands in it
    for span in spans:
        match span:
            case Start(Mark.CODE):
                code = [span]
            case End(Mark.CODE):
                yield from _code((*code, span), emphasised=not strong)
                code = []
            case _ if code:
                code.append(span)
            case str() if not strong:
                yield from _text(span)
            case _:
                strong += (span == Start(Mark.STRONG)) - (span == End(Mark.STRONG))
                yield span


def _code(spans: Iterable[Span], *, emphasised: bool) -> Iterator[Span]:
    """Code, in strong type as a whole when it names an error: `TypeError: x is undefined`."""
    code = tuple(spans)
    names_trouble = emphasised and any(isinstance(span, str) and _TROUBLE.search(span) for span in code)
    yield from (Start(Mark.STRONG), *code, End(Mark.STRONG)) if names_trouble else code


def _text(text: str) -> Iterator[Span]:
    at = 0
    for trouble in _TROUBLE.finditer(text):
        if _NEGATED.search(text[max(trouble.start() - _NEGATION_REACHES, 0) : trouble.start()]):
            continue
        if trouble.start() > at:
            yield text[at : trouble.start()]
        yield from (Start(Mark.STRONG), trouble[0], End(Mark.STRONG))
        at = trouble.end()
    if text[at:]:
        yield text[at:]
