"""A note as Zendesk takes it: without its placeholders, and below the size at which it cuts without a word."""

from __future__ import annotations

import re

import pytest

from integration.zendesk.note import MAX_BYTES
from tests.note.notes import note


def test_braces_in_a_link_to_logrocket_reach_no_rendering() -> None:
    made = note("[click](https://app.logrocket.com/x?a={{ticket.id}}&b={%x%}&c=%7B{ticket}%7D)")
    assert "ticket.id" not in re.sub("%7B", "{", made) or "{{" not in made


@pytest.mark.parametrize(
    "markdown",
    [
        "{{ticket.requester.email}}",
        "{{{{x}}}}",
        "{% raw %}x{% endraw %}",
        "{*{*ticket.id*}*}",
        "{**{**x}}",
        "{`{`x`}`}",
        "{\u200b{x}\u200b}",
        "{\u200d{x}\u200d}",
        "\U0001f600{\u200d{x}\u200d}\U0001f600",
        "{\u00ad{x}\u00ad}",
        "{\ufe0f{x}\ufe0f}",
        "{\u034f{x}\u034f}",
        "{\u115f{x}\u3164}",
        "{\x00{x}\x00}",
        "{\x01{x}\x7f}",
        "{\\{x}\\}",
        "&#123;&#123;x&#125;&#125;",
        "&lbrace;&lcub;x&rbrace;&rcub;",
        "&amp;#123;&amp;#123;x}}",
        "{<b>{x}</b>}",
        "{![{](x)x}}",
        "{[{](https://app.logrocket.com/x)x}}",
        "{[{](https://evil.example/x)x}}",
        "```\n{{x}}\n```",
        "    {{x}}",
        "`{{x}}`",
        "# {{x}}",
        "- {{x}}\n- {%y%}",
        "{\n{x}\n}",
        "{  \n{x}  \n}",
        "{\\\n{x}\\\n}",
        "[x](https://app.logrocket.com/{{ticket.id}})",
        "[x](https://app.logrocket.com/{%25x%25})",
        "<https://app.logrocket.com/{{x}}>",
        "https://app.logrocket.com/{{x}}",
        "https://evil.example/{{x.y}}",
        "{\U000e0020{x}\U000e007f}",
    ],
)
def test_no_placeholder_reaches_zendesks_rendering(markdown: str) -> None:
    for made in (note(markdown), note("x", markdown), note(markdown + " {" * 30_000)):
        assert "Highlights request" in made


def size_of(summary: str) -> int:
    return len(note(summary).encode())


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES - 1, MAX_BYTES - 100, MAX_BYTES - 1000])
def test_a_note_of_just_under_the_limit_is_not_cut(size: int) -> None:
    start = "\n\n".join(["x" * 993] * 50)
    made = note(start + "\n\n" + "y" * (size - size_of(start) - len("<p></p>")))
    assert "This note was cut" not in made
    assert len(made.encode()) == size


def test_a_note_over_the_limit_is_cut() -> None:
    start = "\n\n".join(["x" * 993] * 50)
    made = note(start + "\n\n" + "y" * (MAX_BYTES + 1 - size_of(start) - len("<p></p>")))
    assert "This note was cut" in made


@pytest.mark.parametrize(
    "text", ["\u4f60" * 100_000, "\U0001f600" * 100_000, "<" * 100_000, "&" * 100_000, "{" * 100_000, '"' * 100_000]
)
def test_a_note_never_grows_over_the_limit_whatever_its_characters_cost(text: str) -> None:
    for made in (
        note(text),
        note("x", text),
        note("\n\n".join(text[at : at + 500] for at in range(0, len(text), 500))),
    ):
        assert "This note was cut" in made
