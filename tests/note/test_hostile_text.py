"""No text breaks a note's rules, whatever it is mixed of, and none costs more time than it should."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integration.facts import Highlights, Person
from tests.note.hostile import BOMBS, PIECES
from tests.note.notes import BELOW_A_PATH, note, note_of, session, unhurried

HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(unhurried, max_examples=300)
@given(summary=HOSTILE, text=HOSTILE)
@example(summary="{\u034f{", text="https:/\ufe0f/evil.example")
def test_no_mix_of_hostile_pieces_breaks_the_rules(summary: str, text: str) -> None:
    note(summary, text)
    note(text, summary, links=BELOW_A_PATH)


@unhurried
@given(summary=st.text(), text=st.text(), email=st.none() | st.text(min_size=1, max_size=40))
def test_no_text_breaks_the_rules(summary: str, text: str, email: str | None) -> None:
    note(summary, text, person=Person(email=email, external_id="cus_4711"))


@settings(unhurried, max_examples=8)
@given(piece=HOSTILE.filter(bool), repeats=st.integers(1_000, 2_000))
def test_no_long_text_breaks_the_rules(piece: str, repeats: int) -> None:
    note((piece * repeats)[:30_000])


@pytest.mark.parametrize("markdown", BOMBS.values(), ids=BOMBS)
def test_a_time_bomb_does_not_go_off(markdown: str) -> None:
    started = time.process_time()
    note(markdown, *[markdown] * 3)
    seconds = time.process_time() - started
    print(f"{seconds:.2f} s")  # noqa: T201 -- pytest -rP shows them all
    assert seconds < 2  # one, and as much again for a machine that is busy


def test_a_hundred_thousand_sessions_do_not_go_off() -> None:
    started = time.process_time()
    sessions = tuple(session("x" * 100) for _ in range(100_000))
    made = note_of(Highlights(summary="x", sessions=sessions))
    assert "This note was cut" in made
    assert time.process_time() - started < 5
