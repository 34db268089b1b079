"""The document is the same for every place; a place gives its own limit, and what it reads into a text."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from integration.facts import Highlights
from integration.note import Note, compose, html
from integration.note.document import lines
from integration.note.markdown import blocks
from integration.note.text import as_text
from tests.note.notes import ADA, LAST_LINE, LINKS, REQUEST_ID, keeps_the_rules, session, unhurried


def composed(summary: str, *texts: str) -> Note:
    highlights = Highlights(summary=summary, sessions=tuple(map(session, texts)))
    return compose(highlights, request_id=REQUEST_ID, links=LINKS, person=ADA)


def test_braces_are_left_alone_where_a_place_reads_nothing_into_them() -> None:
    made = html.render(composed("a {{b}} c"), max_bytes=60_000)
    assert "<p>a {{b}} c</p>" in made


def test_addresses_are_broken_up_for_every_place() -> None:
    note = composed("https://evil.example/x [y](https://evil.example) https://app.logrocket.com/{{x}}")
    [(_, line)] = [found for block in note.body for found in lines(block)]
    assert line.text == "https[:]//evil[.]example/x y https[:]//app[.]logrocket[.]com/{{x}}"


def test_a_place_is_told_what_it_has_to_adapt_text_by_text() -> None:
    made = html.render(composed("a **b**", "`c` <d>"), max_bytes=60_000, adapt=str.upper)
    assert "<p>A <strong>B</strong></p>" in made
    assert "<code>C</code> &lt;D&gt;" in made


@pytest.mark.parametrize("max_bytes", [600, 2_000, 10_000, 60_000, 100_000])
@pytest.mark.parametrize("text", ["word " * 20_000, "word\n\n" * 20_000, "\U0001f600 " * 20_000])
def test_a_note_keeps_the_limit_of_its_place(text: str, max_bytes: int) -> None:
    made = html.render(composed(text, text), max_bytes=max_bytes)
    assert len(made.encode()) <= max_bytes
    assert "This note was cut" in made
    assert made.endswith(f"<p>{LAST_LINE}</p>")
    if max_bytes <= 60_000:
        keeps_the_rules(made)


@unhurried
@example('it\'s "a" <b> & \u00a0\r\n\x00', "x'\"&<\u00a0")
@given(st.text(st.characters(codec="utf-8"), min_size=1), st.text(st.characters(codec="utf-8")))
def test_the_sanitiser_has_nothing_left_to_do(text: str, code: str) -> None:
    note = composed(f"{text} **{text}** `{code}` [{text}](https://app.logrocket.com/{code})\n\n1. {text}", text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(html, "_SANITISER", SimpleNamespace(clean=str))
        made = html.render(note, max_bytes=60_000)
    assert html.render(note, max_bytes=60_000) == made


def test_what_every_place_can_show_is_complete() -> None:
    assert composed("word", "word").complete
    assert not composed("word " * 20_000).complete
    assert not composed("x", *["y"] * 101).complete


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("one **two** `three`\nfour", "one two three\nfour"),
        ("1. a\n   - b\n   - c\n2. d", "1. a\n\u2022 b\n\u2022 c\n2. d"),
        ("2. - a\n   - b", "2. \u2022 a\n\u2022 b"),
        ("> # Title\n>\n> ```\n> code\n> ```", "Title\ncode"),
        ("|a|b|\n|-|-|\n|1|2|", "\u2022 a: 1; b: 2"),
        ("3)\n4) d", "\n4) d"),
    ],
)
def test_a_block_as_text_has_its_lines_numbers_and_bullets(markdown: str, expected: str) -> None:
    [block] = blocks(markdown, LINKS)
    assert as_text(block) == expected
