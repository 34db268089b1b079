"""A table becomes a list: no cell is lost, each is behind its header."""

from __future__ import annotations

import re

import pytest

from tests.note.notes import body, note


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        (
            "| Step | Result |\n|:--|--:|\n| *pays* | **502** |\n| `x` | [ok](https://app.logrocket.com/x) |",
            (
                "<ul><li><strong>Step</strong>: <em>pays</em>; <strong>Result</strong>: <strong>502</strong></li>"
                "<li><strong>Step</strong>: <code>x</code>; <strong>Result</strong>: "
                '<a href="https://app.logrocket.com/x">ok</a></li></ul>'
            ),
        ),
        ("a | b\n--|--\n1 | 2", "<ul><li><strong>a</strong>: 1; <strong>b</strong>: 2</li></ul>"),
        ("|a:|  |\n|--|--|\n|1|2|", "<ul><li><strong>a:</strong> 1; 2</li></ul>"),
        (
            "|a|b|\n|--|--|\n||2|\n|3|\n|4|5|6|",
            LINES_OF_A_TABLE := (
                "<ul><li><strong>b</strong>: 2</li><li><strong>a</strong>: 3</li>"
                "<li><strong>a</strong>: 4; <strong>b</strong>: 5; 6</li></ul>"
            ),
        ),
        ("> |a|b|\n> |--|--|\n> ||2|\n> |3|\n> |4|5|6|", f"<blockquote>{LINES_OF_A_TABLE}</blockquote>"),
        ("- |a|b|\n  |--|--|\n  ||2|\n  |3|\n  |4|5|6|", f"<ul><li>{LINES_OF_A_TABLE}</li></ul>"),
        ("|a|b|\n|--|--|", "<ul><li>a; b</li></ul>"),
        ("|a|b|\n|--|--|\n|x<br>y|z\\|z|", "<ul><li><strong>a</strong>: x<br>y; <strong>b</strong>: z|z</li></ul>"),
        ("see\n\n|a|b|\n|--|\n|1|2|", "<p>see</p><p>|a|b|<br>|--|<br>|1|2|</p>"),
    ],
)
def test_a_table_becomes_lines_that_can_be_read(markdown: str, expected: str) -> None:
    assert re.sub(r"\s*\n\s*", "", body(note(markdown))) == expected
