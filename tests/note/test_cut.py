"""A note that is too long is cut where it can be, and says where the rest is."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

from integration.facts import Person
from tests.note.notes import LAST_LINE, note


def everything(email: str | None, external_id: str | None) -> str:
    """The address that a note which was cut links to."""
    made = note("word " * 30_000, person=Person(email=email, external_id=external_id))
    (address,) = re.findall(r'<a href="([^"]+)">', made)
    return html.unescape(str(address))


def test_a_note_that_was_cut_links_to_all_sessions_of_the_person() -> None:
    for email, external_id, expected in (
        ("ada+x@shop.example", None, {"e": ["ada+x@shop.example"]}),
        ("ada+x@shop.example", "cus_4711", {"e": ["ada+x@shop.example"]}),
        (None, "google-oauth2|a&b=c #1", {"u": ["google-oauth2|a&b=c #1"]}),
    ):
        url = urlsplit(everything(email, external_id))
        assert (url.scheme, url.netloc, url.path) == ("https", "app.logrocket.com", "/acme/shop/sessions")
        assert parse_qs(url.query) == expected


def test_the_line_that_says_so_is_the_last_before_the_marker() -> None:
    made = note("word " * 30_000)
    *_, before, last, end = made.split("</p>")
    assert "cut" in before
    assert "/acme/shop/sessions?" in before
    assert (last, end) == (f"<p>{LAST_LINE}", "")


def test_a_short_note_says_nothing_of_cutting() -> None:
    assert "This note was cut" not in note("short", "shorter")


def test_a_note_is_cut_at_a_block() -> None:
    paragraph = "The user went on to the next page and looked at what is there. " * 15
    made = note("\n\n".join([paragraph] * 90))
    paragraphs = re.findall("<p>(.*?)</p>", made, re.DOTALL)
    assert "cut" in paragraphs[-2]
    assert set(paragraphs[1:-2]) == {paragraph.strip()}
    assert len(made.encode()) > 55_000


def test_the_summary_is_kept_before_the_sessions() -> None:
    summary = "\n\n".join(f"Summary {number} " + "x" * 980 for number in range(40))
    made = note(summary, *[f"Text {number} " + "y" * 4000 for number in range(10)])
    assert all(f"Summary {number} " in made for number in range(40))
    assert "Text 0 " in made
    assert "Text 9 " not in made
    assert "This note was cut" in made


def test_a_single_block_over_the_limit_is_shortened_rather_than_dropped() -> None:
    made = note("word " * 30_000)
    assert made.count("word ") > 8_000


def test_a_cut_note_keeps_whole_characters() -> None:
    for shift in range(8):
        assert "\ufffd" not in note("a" * shift + "\u4f60\U0001f600" * 20_000)


def test_the_requesters_own_identity_cannot_smuggle_anything_in() -> None:
    long = "word " * 20_000
    for hostile in (
        '"><script>@x',
        "{{ticket.id}}@x",
        "{%x%}@x",
        "a\u202eb@x",
        "https://evil.example/@x",
        "&quot;@x",
        "%7B%7B",
    ):
        assert note(long, person=Person(email=hostile)).count("<a ") == 1
        assert note(long, person=Person(external_id=hostile)).count("<a ") == 1
