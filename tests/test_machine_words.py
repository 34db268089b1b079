"""What a service may be quoted with has the form of a word for machines, or is a sentence known to the letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.machine_words import first_few, known_sentence, number, word

KNOWN = ("Invalid API key", "Missing request authorization")


# -- It works


def test_an_identifier_is_a_word_and_an_id_is_a_number() -> None:
    assert [word("RecordInvalid"), word("ticket_field_id"), word("x" * 50)] == [
        "RecordInvalid",
        "ticket_field_id",
        "x" * 50,
    ]
    assert [number(1), number(12345657)] == ["1", "12345657"]


def test_the_first_few_different_words_are_kept_in_their_order() -> None:
    assert first_few(["b", "a", "b", "c", "a", "d", "e", "f"]) == ["b", "a", "c", "d", "e"]


@pytest.mark.parametrize(
    "body", [b"Invalid API key\n", b'{"message": "Invalid API key"}', b'{"detail": "Invalid API key"}']
)
def test_a_known_sentence_is_found_wherever_a_service_says_it(body: bytes) -> None:
    assert known_sentence(body, KNOWN) == "Invalid API key"


# -- It refuses


@pytest.mark.parametrize(
    "value", ["", "x" * 51, "two words", "ada@shop.example", "7up", "word\n", 7, None, ["word"], True]
)
def test_what_is_no_identifier_is_no_word(value: object) -> None:
    assert word(value) is None


@pytest.mark.parametrize("value", [0, -1, 10**18, True, 1.0, "1", None])
def test_what_can_be_no_id_is_no_number(value: object) -> None:
    assert number(value) is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Invalid API key of ada@shop.example",
        b'{"message": "Invalid API key!"}',
        b'{"other": "Invalid API key"}',
        b'{"error": ["Invalid API key"]}',
        b"\xff",
    ],
)
def test_another_sentence_is_not_told(body: bytes) -> None:
    assert known_sentence(body, KNOWN) == ""


@given(value=st.text() | st.integers() | st.floats() | st.none())
def test_whatever_it_is_made_of_a_word_is_short_and_plain(value: object) -> None:
    for told in (word(value), number(value)):
        assert told is None or (told.isascii() and len(told) <= 50 and "@" not in told)
