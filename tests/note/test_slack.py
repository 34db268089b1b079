"""A note as Slack takes it: standard Markdown that says the same, calls nobody, and is not too long."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from integration.facts import Highlights
from integration.note import compose, slack
from integration.note.document import Paragraph
from integration.note.markdown import blocks
from tests.note.notes import ADA, EVERYTHING, LAST_LINE, LINKS, REPLAY, REQUEST_ID, session

MARKDOWN = MarkdownIt("commonmark")


def written(summary: str, *texts: str) -> str:
    """The note for Slack."""
    highlights = Highlights(summary=summary, sessions=tuple(map(session, texts)))
    return slack.render(compose(highlights, request_id=REQUEST_ID, links=LINKS, person=ADA))


def body(summary: str) -> str:
    """What becomes of a summary."""
    return written(summary).split("\n\n", 1)[1].rsplit("\n\n", 2)[0]


def test_a_note_is_markdown_with_its_links() -> None:
    assert written(f"Ada [pays]({REPLAY}); an error.", "shops") == (
        "**ada@shop.example**: 1 session in LogRocket.\n\n"
        f"Ada [pays]({REPLAY}); an **error**.\n\n"
        f"1\\. [Session replay]({REPLAY}): shops\n\n"
        f"[All sessions of this person]({EVERYTHING})\n\n"
        f"{LAST_LINE}"
    )


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("# Title **x**", "**Title x**"),
        ("*a* **b** `c`", "_a_ **b** `c`"),
        ("`` a`b ``", "``a`b``"),
        ("```\na\n```", "```\na\n```"),
        ("> a\n>\n> b", "> a\n> \n> b"),
        ("- a\n- b", "- a\n- b"),
        ("1. a\n2. b", "1. a\n2. b"),
        ("3. a\n4. b", "3\\. a\n4\\. b"),
        ("a\nb", "a  \nb"),
        ("1\\. a\n\\# b", "1\\. a  \n\\# b"),
        ("a \\* b \\_ c \\[d\\]", "a \\* b \\_ c \\[d\\]"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("[a](https://app.logrocket.com/x_\\(y\\))", "[a](https://app.logrocket.com/x_%28y%29)"),
    ],
)
def test_each_kind_of_block_and_style_is_written_as_slack_reads_it(markdown: str, expected: str) -> None:
    assert body(markdown) == expected


@pytest.mark.parametrize(
    "mention",
    [
        "<!channel>",
        "<!here|x>",
        "<@U123>",
        "<#C123>",
        "<!subteam^S1>",
        "@here",
        "@channel",
        "@Everyone",
        "&lt;!channel>",
    ],
)
def test_nobody_is_called(mention: str) -> None:
    for markdown in (mention, f"**{mention}**", f"`{mention}`", f"```\n{mention}\n```", f"# {mention}", f"- {mention}"):
        made = written(markdown, markdown)
        assert not any(start in made.replace("&lt;", "<") for start in ("<!", "<@", "<#"))
        assert not any(call in made.lower() for call in ("@here", "@channel", "@everyone"))


@pytest.mark.parametrize(
    "text", ["a*b_c`d[e](f)~g|h", "# a", "1. b", "- c", "+ d", "=== e", "&amp; &#42; \\ \\*", "<b>"]
)
def test_what_is_no_markup_in_the_note_is_none_in_slack(text: str) -> None:
    [block] = blocks(
        "".join(f"\\{character}" if character in "\\`*_[]#+-.=<&|~" else character for character in text), LINKS
    )
    assert isinstance(block, Paragraph)
    [paragraph] = [token for token in MARKDOWN.parse(slack._block(block)) if token.type == "inline"]
    assert "".join(token.content for token in paragraph.children or ()) == block.line.text


@pytest.mark.parametrize("text", ["word " * 20_000, "word\n\n" * 20_000, "<*" * 20_000, "\U0001f600" * 20_000])
def test_a_long_note_is_cut_below_what_a_message_may_have(text: str) -> None:
    made = written(text, text)
    assert len(made) <= slack.MAX_CHARACTERS
    assert len(made) > 9_000
    assert "This note was cut" in made
    assert made.endswith(LAST_LINE)
