"""A reader sees the numbers that were written, whether HTML counts them or a text says them."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.note.notes import body, note, unhurried


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("1. a\n\nthen\n\n2. b", "<p>1. a</p><p>then</p><p>2. b</p>"),
        ("1. a\n\n```\ncode\n```\n\n2. b", "<p>1. a</p><p><code>code</code></p><p>2. b</p>"),
        ("1. a\n# Title\n2. b", "<p>1. a</p><p><strong>Title</strong></p><p>2. b</p>"),
        ("1. a\n- x\n\n2. b", "<p>1. a</p><ul><li>x</li></ul><p>2. b</p>"),
        ("3. a\n4. b", "<p>3. a</p><p>4. b</p>"),
        ("3. a\n\n4. b", "<p>3. a</p><p>4. b</p>"),
        ("0. a\n1. b", "<p>0. a</p><p>1. b</p>"),
        ("3) a\n4) b", "<p>3) a</p><p>4) b</p>"),
        ("1. a\n3. b", "<p>1. a</p><p>3. b</p>"),
        ("3. a\n2. b\n1. c", "<p>3. a</p><p>2. b</p><p>1. c</p>"),
        ("1. a\n1. b\n1. c", "<ol><li>a</li><li>b</li><li>c</li></ol>"),
        ("7. a\n7. b", "<p>7. a</p><p>8. b</p>"),
        ("2. **a**\n   b", "<p>2. <strong>a</strong><br>b</p>"),
        ("- x\n  2. a\n  3. b\n- y", "<ul><li>x<br>2. a<br>3. b</li><li>y</li></ul>"),
        ("2. a\n   - x\n3. b", "<p>2. a</p><ul><li>x</li></ul><p>3. b</p>"),
        ("2. a\n   1. x\n   2. y", "<p>2. a</p><ol><li>x</li><li>y</li></ol>"),
        ("2. a\n\n   4. x\n   5. y\n3. b", "<p>2. a</p><blockquote><p>4. x</p><p>5. y</p></blockquote><p>3. b</p>"),
        ("1. a\n   1. x\n\n   then\n\n   2. y", "<ol><li><p>a</p><p>1. x</p><p>then</p><p>2. y</p></li></ol>"),
        ("> 2. a", "<blockquote><p>2. a</p></blockquote>"),
        ("2. > a", "<blockquote><p>2. a</p></blockquote>"),
        ("2. ```\n   code\n   ```", "<p>2. <code>code</code></p>"),
        ("2. # Title", "<p><strong>2. Title</strong></p>"),
        ("2. - a\n   - b", "<ul><li>2. a</li><li>b</li></ul>"),
        ("2.\n3. b", "<p>2. </p><p>3. b</p>"),
        ("text\n2. still text", "<p>text<br>2. still text</p>"),
    ],
)
def test_a_numbered_list_keeps_its_numbers(markdown: str, expected: str) -> None:
    assert re.sub(r"\s*\n\s*", "", body(note(markdown))) == expected


LISTED = st.lists(st.integers(0, 10**9 - 1), min_size=1, max_size=5)


@unhurried
@given(lists=st.lists(LISTED, min_size=1, max_size=4), indent=st.sampled_from(["", "> ", "- x\n\n  "]))
@example(lists=[[1], [2]], indent="")
@example(lists=[[1, 2], [1, 2]], indent="> ")
def test_every_number_of_a_list_is_shown(lists: list[list[int]], indent: str) -> None:
    """As text, or by an `<ol>` that counts from 1: as it is written, unless all of a list are the same."""
    texts = ["\n".join(f"{number}. item" for number in numbers) for numbers in lists]
    quote = "> " if indent == "> " else " " * (len(indent) and 2)
    markdown = indent + "\n\nthen\n\n".join(texts).replace("\n", f"\n{quote}")
    expected = [
        number + at if len(set(numbers)) == 1 else number for numbers in lists for at, number in enumerate(numbers)
    ]
    for made in (note(markdown), note("x", markdown)):
        assert numbers_shown(made) == expected


def numbers_shown(made: str) -> list[int]:
    """The numbers that a reader sees before each `item`, with or without a list of HTML."""
    found, counter = [], 0
    for tag, number in re.findall(r"(<ol>|<li>(?=item))|([0-9]+)\. (?=item)", made):
        counter = 0 if tag == "<ol>" else counter + 1
        if tag != "<ol>":
            found.append(int(number) if number else counter)
    return found


def test_a_list_that_is_shortened_keeps_its_numbers_and_lines() -> None:
    made = note("".join(f"{number}. step number {number}\n" for number in range(1, 4_000)))
    assert "cut" in made
    assert re.search(r"<br>1500\. step number 1500<br>1501\. step", made)
