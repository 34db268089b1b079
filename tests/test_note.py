"""The note: what it shows, and that nothing in LogRocket's text gets past it."""

from __future__ import annotations

import html
import json
import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from integration import entry as entries
from integration.entry import Entry, Policy, State, dump, load
from integration.logrocket.results import Highlights, Result, Session, read
from integration.note import MAX_BYTES, Project, render
from tests.deliveries.recorded import delivery
from tests.note_rules import BIDI, BOMBS, LAST_LINE, PROJECT, REQUEST_ID, keeps_the_rules, leads_to_logrocket

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

BELOW_A_PATH = Project(app_url="https://lr.acme.example/rocket", org="acme", app="shop")
REPLAY = "https://app.logrocket.com/acme/shop/s/5-14de/0"


def session(text: str = "The user pays", recording_id: str = "5-14de", session_id: int = 0) -> Session:
    return Session(recording_id=recording_id, session_id=session_id, text=text)


def note(
    summary: str = "",
    *texts: str,
    project: Project = PROJECT,
    email: str | None = "ada@shop.example",
    external_id: str | None = None,
) -> str:
    """The note, which keeps all rules."""
    highlights = Highlights(summary=summary, sessions=tuple(session(text) for text in texts))
    made = render(highlights, request_id=REQUEST_ID, project=project, email=email, external_id=external_id)
    keeps_the_rules(made, project)
    return made


def body(made: str) -> str:
    """The note without its heading and its last line."""
    paragraphs = made.removesuffix(f"<p>{LAST_LINE}</p>")
    return paragraphs.split("</p>", 1)[1].strip()


# -- The rules, checked without the code that keeps them


# -- It works


def test_a_note_has_a_heading_the_summary_a_line_a_session_and_its_marker() -> None:
    made = note("The user **shops**.", "The user [pays](https://app.logrocket.com/acme/shop/s/5-14de/0?t=1)", "")
    heading, rest = made.split("</p>", 1)
    assert re.fullmatch(r"<p><strong>[^<]+</strong>[^<]*", heading)
    assert rest.strip() == (
        "<p>The user <strong>shops</strong>.</p>"
        f'<p><a href="{REPLAY}">Session replay</a>: '
        'The user <a href="https://app.logrocket.com/acme/shop/s/5-14de/0?t=1">pays</a></p>'
        f'<p><a href="{REPLAY}">Session replay</a></p>'
        f"<p>{LAST_LINE}</p>"
    )


def test_the_recorded_result_of_the_first_page_keeps_its_links() -> None:
    highlights = read(delivery("logrocket/ready_first_page").body).highlights
    assert highlights is not None
    project = Project(app_url="https://app.logrocket.com", org="orgID", app="appID")
    made = render(highlights, request_id=REQUEST_ID, project=project, email="ada@shop.example", external_id=None)
    keeps_the_rules(made, project)
    assert made.count("<a ") == 2 + 2 + 4
    assert "t=1715564734801" in made


def test_the_recorded_hostile_result_becomes_a_harmless_note() -> None:
    highlights = read(delivery("logrocket/ready_hostile_text").body).highlights
    assert highlights is not None
    made = render(highlights, request_id=REQUEST_ID, project=PROJECT, email="ada@shop.example", external_id=None)
    keeps_the_rules(made)
    assert 'href="https://app.logrocket.com/acme/shop/s/5-1/0?t=1"' in made
    assert made.count("<a ") == 3


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("one\n\ntwo", "<p>one</p><p>two</p>"),
        ("one  \ntwo", "<p>one<br>two</p>"),
        ("one\ntwo\\\n**three\nfour**", "<p>one<br>two<br><strong>three<br>four</strong></p>"),
        ("one\r\ntwo\rthree\u2028four&#13;five", "<p>one<br>two<br>three<br>four<br>five</p>"),
        ("one<br>two<BR />three `<br>`", "<p>one<br>two<br>three <code>&lt;br&gt;</code></p>"),
        ("> one\n> two\n\n- one\n  two", "<blockquote><p>one<br>two</p></blockquote><ul><li>one<br>two</li></ul>"),
        ("one\ntwo\n===", "<p><strong>one<br>two</strong></p>"),
        ("- a\n\n  ```\n  b\n  ```", "<ul><li><p>a</p><p><code>b</code></p></li></ul>"),
        ("*a* __b__ ***c***", "<p><em>a</em> <strong>b</strong> <em><strong>c</strong></em></p>"),
        ("`a < b`", "<p><code>a &lt; b</code></p>"),
        ("# Title\n\n###### small", "<p><strong>Title</strong></p><p><strong>small</strong></p>"),
        ("Title\n=====", "<p><strong>Title</strong></p>"),
        ("- a\n- b", "<ul><li>a</li><li>b</li></ul>"),
        ("1. a\n2. b", "<ol><li>a</li><li>b</li></ol>"),
        ("- a\n  - b", "<ul><li>a<ul><li>b</li></ul></li></ul>"),
        ("> a\n>\n> b", "<blockquote><p>a</p><p>b</p></blockquote>"),
        ("> > a", "<blockquote><blockquote><p>a</p></blockquote></blockquote>"),
        ("```js\na()\nb()\n```", "<p><code>a()<br>b()</code></p>"),
        ("    a()\n", "<p><code>a()</code></p>"),
        ('a & b < c > d "e"', '<p>a &amp; b &lt; c &gt; d "e"</p>'),
        ("&amp;lt;b&amp;gt; &#65; &copy;", "<p>&amp;lt;b&amp;gt; A \u00a9</p>"),
        ("a\n\n---\n\nb", "<p>a</p><p>b</p>"),
        ("", ""),
        (" \n\t\n", ""),
    ],
)
def test_markdown_becomes_the_allowed_html(markdown: str, expected: str) -> None:
    found = body(note(markdown))
    assert re.sub(r"\s*\n\s*", "", found).replace("&quot;", '"') == expected


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f469\u200d\U0001f469\u200d\U0001f467 family",
        "\u2764\ufe0f\u200d\U0001f525",
        "\U0001f3f3\ufe0f\u200d\U0001f308",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u4f60\u597d \u0bb5\u0ba3\u0b95\u0bcd\u0b95\u0bae\u0bcd e\u0301",
    ],
)
def test_emoji_with_joiners_and_every_script_survive(text: str) -> None:
    assert text in note(text)
    assert text in note("x", text)


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


def test_the_line_of_a_session_keeps_numbers_bullets_rows_and_breaks() -> None:
    made = note("x", "one\ntwo\n\n1. a\n   - b\n   - c\n\n|d|e|\n|-|-|\n|1|2|\n\n7. f\n8. ```\n   g\n   ```")
    assert made.split("Session replay</a>: ")[1].split("</p>")[0] == (
        "one<br>two<br>1. a<br>\u2022 b<br>\u2022 c<br>\u2022 <strong>d</strong>: 1; <strong>e</strong>: 2"
        "<br>7. f<br>8. <code>g</code>"
    )


def test_a_list_that_is_shortened_keeps_its_numbers_and_lines() -> None:
    made = note("".join(f"{number}. step number {number}\n" for number in range(1, 4_000)))
    assert "cut" in made
    assert re.search(r"<br>1500\. step number 1500<br>1501\. step", made)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        *(("", stop) for stop in (".", "...", ",", ".)", '."', ".\u201d", "!", "?", "\u2026", "\u3002", ".\n")),
        *(("(", stop) for stop in (".)", ").")),
        *(("**", stop) for stop in ("**.", ".**")),
        ("`", "`."),
        ("\u201c", "\u201d."),
        ("<", ">."),
    ],
)
@pytest.mark.parametrize("address", ["https://evil.example/login", "www.evil.example", "mailto:a@evil.example"])
def test_the_full_stop_behind_an_address_is_the_sentences(address: str, before: str, after: str) -> None:
    made = note(f"See {before}{address}{after} Then more.", f"See {before}{address}{after}")
    assert not re.search(r"\[[.\u3002]\](?![a-z])", made)
    assert "evil[.]example" in made


def test_the_full_stop_behind_an_address_of_logrocket_leaves_it_whole() -> None:
    for around in ("{}.", "**{}**.", "({}.)", "\u201c{}\u201d.", "{}\u3002", "`{}`,", "*{}.*"):
        assert f"{REPLAY}" in re.sub("href=.[^>]*>", "", note(around.format(REPLAY)))


@pytest.mark.parametrize(
    "text",
    [
        "www.",
        "www.\u201d",
        "https://app.logrocket.com\u3002",
        "www./",
        "www.]/x",
        "https://.",
        "https://evil.",
        "//evil./",
        "http://evil.example./.",
    ],
)
def test_no_full_stop_makes_an_address_whole(text: str) -> None:
    for shown in (text, f"{text}.", f"({text})", f"**{text}**x", f"{text}\n/x"):
        note(shown, shown)


def test_a_session_without_ids_is_told_without_a_link_and_with_no_text_not_at_all() -> None:
    found = read(
        b'{"status": "READY", "result": {"highlights": "", "sessions": ['
        b'{"highlights": "The user [pays](https://app.logrocket.com/x)"}, {"highlights": ""}, null,'
        b'{"recordingID": "../x", "sessionID": 0, "highlights": "The user shops"},'
        b'{"recordingID": "5-14de", "sessionID": 0, "highlights": "The user leaves", "mood": ["new"]}]}}'
    )
    entry = told(found)
    assert (entry.state, entry.replay) == (State.READY, "5-14de/0")
    kept = load(dump(entry))
    assert kept == entry
    assert kept.highlights is not None
    made = render(kept.highlights, request_id=REQUEST_ID, project=PROJECT, email="a@b.example", external_id=None)
    keeps_the_rules(made)
    assert body(made) == (
        '<p>Session: The user <a href="https://app.logrocket.com/x">pays</a></p><p>Session: The user shops</p>'
        f'<p><a href="{REPLAY}">Session replay</a>: The user leaves</p>'
    )


def test_a_summary_that_links_to_sessions_is_told_with_an_empty_list() -> None:
    link = f"The user [pays]({REPLAY}?t=1)"
    found = read(json.dumps({"status": "READY", "result": {"highlights": link, "sessions": []}}).encode())
    entry = told(found)
    assert (entry.state, entry.replay) == (State.READY, "5-14de/0")
    assert entry.highlights is not None
    made = render(entry.highlights, request_id=REQUEST_ID, project=PROJECT, email="a@b.example", external_id=None)
    assert body(made) == f'<p>The user <a href="{REPLAY}?t=1">pays</a></p>'


def told(result: Result) -> Entry:
    """The entry of a ticket for which LogRocket said this."""
    policy = Policy(poll_after=240, failed_retry=(), settle=60, backoff=5, random=lambda: 0.5)
    entry = Entry(ticket_id=1, received_at=0, entered_at=0, state=State.REQUESTED, request_id=REQUEST_ID)
    return entries.told(entry, 1, result=result, policy=policy)


def test_a_url_of_logrocket_in_the_text_stays_as_it_is() -> None:
    for url in (REPLAY, f"{REPLAY}?t=1715564734801", "https://app.logrocket.com"):
        for markdown in (url, f"See {url}.", f"({url})", f"<{url}>", f"`{url}`"):
            assert url in note(markdown)


def test_the_replay_of_each_session_is_linked() -> None:
    sessions = (session("a", "5-1", 0), session("b", "6-2", 17))
    made = render(
        Highlights(summary="x", sessions=sessions),
        request_id=REQUEST_ID,
        project=BELOW_A_PATH,
        email="a@b.example",
        external_id=None,
    )
    keeps_the_rules(made, BELOW_A_PATH)
    assert '<a href="https://lr.acme.example/rocket/acme/shop/s/5-1/0">' in made
    assert '<a href="https://lr.acme.example/rocket/acme/shop/s/6-2/17">' in made


def test_a_session_is_one_line_whatever_its_text_is_made_of() -> None:
    made = note("x", "# Title\n\n- one\n- two\n\n> quoted\n\n```\ncode\n```")
    line = made.split("</p>")[2]
    assert all(word in line for word in ("Session replay", "Title", "one", "two", "quoted", "code"))


# -- It refuses


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/png;base64,AAAA",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://app.logrocket.com/",
        "mailto:ada@evil.example",
        "tel:+1",
        "/relative",
        "relative",
        "?t=1",
        "#top",
        "//evil.example",
        "//app.logrocket.com/x",
        "///evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https:///evil.example",
        "https://",
        "http://app.logrocket.com/x",
        "https://evil.example/?https://app.logrocket.com/",
        "https://app.logrocket.com@evil.example/",
        "https://app.logrocket.com:443@evil.example/",
        "https://ada@app.logrocket.com/",
        "https://ada:hush@app.logrocket.com/",
        "https://app.logrocket.com.evil.example/",
        "https://app.logrocket.comevil.example/",
        "https://evil-app.logrocket.com/",
        "https://xapp.logrocket.com/",
        "https://logrocket.com/",
        "https://app.logrocket.com:8443/",
        "https://app.logrocket.com\\@evil.example/",
        "https://app.logrocket.com\\\\@evil.example/",
        "https://app.logrocket.com\\\\.evil.example/",
        "https://evil.example\\\\@app.logrocket.com/",
        "https://evil.example#@app.logrocket.com/",
        "https://evil.example?@app.logrocket.com/",
        "https://app.logrocket.com%2eevil.example/",
        "https://app.logrocket.com%40evil.example/",
        "https://app.logrocket.com%00.evil.example/",
        "https://app.logrocket.com\u3002evil.example/",
        "https://app.logrocket.com\uff0eevil.example/",
        "https://app.logrocket.com\u2024evil.example/",
        "https://app\u3002logrocket.com.evil.example/",
        "https://\u0430pp.logrocket.com/",
        "https://app.logrocket.com&#64;evil.example/",
        "https://app.logrocket.com&commat;evil.example/",
        "https&colon;//evil.example",
        "https://[::1]/",
        "https://app.logrocket.com]/",
        "https://evil.example/app.logrocket.com/",
        " https://evil.example",
        "https://app.logrocket.com:port/",
    ],
)
@pytest.mark.parametrize("form", ["[click]({})", "[click](<{}>)", "[click][1]\n\n[1]: {}", "<{}>", "[{}]({})", "{}"])
def test_a_link_elsewhere_keeps_its_text_only(form: str, url: str) -> None:
    made = note(form.replace("{}", url), form.replace("{}", url))
    assert made.count("<a ") == 1  # the session's own
    if "click" in form:
        assert "click" in body(made)


@pytest.mark.parametrize(
    "path",
    [
        "/rocket/../x",
        "/rocket/..",
        "/rocket/./../x",
        "/rocket/%2e%2e/x",
        "/rocket/.%2E/x",
        "/rocket/a/../../x",
        "/rocketeer",
        "/rocket.evil",
        "/Rocket/x",
        "/",
        "",
        "/x",
        "/%72ocket/x",
        "//rocket/x",
        "/rocket\\\\..\\\\x",
    ],
)
def test_a_link_past_the_path_of_the_application_keeps_its_text_only(path: str) -> None:
    url = f"https://lr.acme.example{path}"
    for markdown in (f"[click]({url})", f"<{url}>", url):
        assert note(markdown, project=BELOW_A_PATH).count("<a ") == 0


@pytest.mark.parametrize(
    "url",
    [REPLAY, "https://app.logrocket.com", "HTTPS://APP.LOGROCKET.COM/acme", f"{REPLAY}?t=1&x=%7B%7Bticket.id%7D%7D"],
)
def test_a_link_to_logrocket_stays_a_link(url: str) -> None:
    made = note(f"[click]({url})")
    assert re.search(r'<p><a href="[^"]+">click</a></p>', made)


def test_braces_in_a_link_to_logrocket_reach_no_rendering() -> None:
    made = note("[click](https://app.logrocket.com/x?a={{ticket.id}}&b={%x%}&c=%7B{ticket}%7D)")
    assert "ticket.id" not in re.sub("%7B", "{", made) or "{{" not in made


@pytest.mark.parametrize(
    "markdown",
    [
        "https://evil.example/login",
        "HTTPS://EVIL.EXAMPLE",
        "http://evil.example",
        "www.evil.example",
        "WWW.evil.example/x",
        "xhttps://evil.example",
        "(https://evil.example)",
        '"https://evil.example"',
        "see:https://evil.example",
        "https**://**evil.example",
        "**https://**evil.example",
        "https:/*/evil*.example",
        "`https://`evil.example",
        "h`ttps`://evil.example",
        "w*ww*.evil.example",
        "**www.**evil.example",
        "https:[//](https://app.logrocket.com)evil.example",
        "[https://](https://app.logrocket.com/x)evil.example",
        "[https://evil.example](https://app.logrocket.com/x)",
        "[www.evil.example](https://app.logrocket.com/x)",
        "[https://evil.example](https://evil.example)",
        "![https://evil.example](https://evil.example/x.png)",
        "ht&#116;ps&#58;//evil.example",
        "https&colon;&sol;&sol;evil.example",
        "https:\\/\\/evil.example",
        "https:\u200b//evil.example",
        "ht\u00adtps://evil.example",
        "w\u200dww.evil.example",
        "https:/\u202e/evil.example",
        "ww\x00w.evil.example",
        "https://app.logrocket.com@evil.example",
        "https://app.logrocket.com.evil.example",
        "https://app.logrocket.com\\@evil.example",
        "https://app.logrocket.com/x,https://evil.example",
        "https://app.logrocket.com/x;www.evil.example",
        "https://app.logrocket.com/https://evil.example",
        "https://app.logrocket.com/x**https://evil.example**",
        "https://app.logrocket.com**.evil.example**",
        "https://app.logrocket.com**@evil.example**",
        "https://app.logrocket.com`.evil.example`",
        "`https://evil.example`",
        "```\nhttps://evil.example\n```",
        "    https://evil.example",
        "# https://evil.example",
        "> https://evil.example",
        "- https://evil.example",
        "<https://evil.example>",
        "<a href=https://evil.example>x</a>",
        "https://evil.example\u3000https://evil.example",
        "https://\u0435vil.example",
        "https://b\u00fccher.example",
        "https://[::1]/x",
        "https://evil",
    ],
)
def test_a_bare_url_to_elsewhere_is_defanged(markdown: str) -> None:
    for made in (note(markdown), note("x", markdown), note(f"*{markdown}*"), note(markdown, project=BELOW_A_PATH)):
        assert "Highlights request" in made


@pytest.mark.parametrize("inner", ["![pixel](https://evil.example/p.png)", "![pixel](https://app.logrocket.com/p.png)"])
def test_an_image_becomes_its_description(inner: str) -> None:
    made = note(inner, inner)
    assert "<img" not in made
    assert "pixel" in body(made)


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example></SCRIPT>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick=alert(1)>b</b>",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg/onload=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<p style='position:fixed'>x</p>",
        "<!-- comment --> <!doctype html> <?php x ?> <![CDATA[x]]>",
        "<math><mi//xlink:href='data:x,<script>alert(1)</script>'>",
        "</p></div><h1>x</h1>",
        "<p>x",
        "`<script>`</p><script>",
        "```\n</code></p><script>alert(1)</script>\n```",
        '[x](https://app.logrocket.com/"onmouseover=alert(1)//)',
        "[x](https://app.logrocket.com/x 'title\" onclick=alert(1)')",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    ],
)
def test_raw_html_is_shown_as_text_and_never_as_html(markdown: str) -> None:
    for made in (note(markdown), note("x", markdown)):
        assert not re.search(r"<(?!/?(p|br|strong|em|code|ul|ol|li|a|blockquote)\b)", made)
        assert not re.search(r"<[^>]*\bon[a-z]+\s*=", made)


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
        assert note(long, email=hostile).count("<a ") == 1
        assert note(long, email=None, external_id=hostile).count("<a ") == 1


@pytest.mark.parametrize("character", [*BIDI, *map(chr, range(32)), *map(chr, range(127, 160))])
def test_control_and_bidi_characters_are_removed(character: str) -> None:
    if character not in "\n\t":
        for markdown in (f"a{character}b", f"`a{character}b`", f"[a{character}b](https://app.logrocket.com/x)"):
            assert character not in note(markdown, markdown)


# -- It is cut


def everything(email: str | None = "ada@shop.example", external_id: str | None = None) -> str:
    """The address that a note which was cut links to."""
    made = note("word " * 30_000, email=email, external_id=external_id)
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
    assert "sessions?" not in note("short", "shorter")


def size_of(summary: str) -> int:
    return len(note(summary).encode())


@pytest.mark.parametrize("size", [MAX_BYTES, MAX_BYTES - 1, MAX_BYTES - 100, MAX_BYTES - 1000])
def test_a_note_of_just_under_the_limit_is_not_cut(size: int) -> None:
    start = "\n\n".join(["x" * 993] * 50)
    made = note(start + "\n\n" + "y" * (size - size_of(start) - len("<p></p>")))
    assert "sessions?" not in made
    assert len(made.encode()) == size


def test_a_note_over_the_limit_is_cut() -> None:
    start = "\n\n".join(["x" * 993] * 50)
    made = note(start + "\n\n" + "y" * (MAX_BYTES + 1 - size_of(start) - len("<p></p>")))
    assert "sessions?" in made


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
    assert "sessions?" in made


def test_a_single_block_over_the_limit_is_shortened_rather_than_dropped() -> None:
    made = note("word " * 30_000)
    assert made.count("word ") > 8_000


@pytest.mark.parametrize(
    "text", ["\u4f60" * 100_000, "\U0001f600" * 100_000, "<" * 100_000, "&" * 100_000, "{" * 100_000, '"' * 100_000]
)
def test_a_note_never_grows_over_the_limit_whatever_its_characters_cost(text: str) -> None:
    for made in (
        note(text),
        note("x", text),
        note("\n\n".join(text[at : at + 500] for at in range(0, len(text), 500))),
    ):
        assert "sessions?" in made


def test_a_cut_note_keeps_whole_characters() -> None:
    for shift in range(8):
        assert "\ufffd" not in note("a" * shift + "\u4f60\U0001f600" * 20_000)


# -- It survives


PIECES = [
    *(
        "{",
        "}",
        "%",
        "{{",
        "}}",
        "{%",
        "%}",
        "*",
        "**",
        "_",
        "`",
        "```\n",
        "~~~\n",
        "[",
        "]",
        "(",
        ")",
        "![",
        "](",
        "<",
        ">",
    ),
    *(
        "\n",
        "\n\n",
        "  \n",
        "\\\n",
        "\\",
        " ",
        "    ",
        "\t",
        "# ",
        "> ",
        "- ",
        "1. ",
        "---\n",
        "| a |\n",
        "|-|\n",
        "|",
        "7. ",
        "7) ",
        "<br>",
        "&",
        ";",
        "&#123;",
    ),
    *(
        "&lbrace;",
        "&colon;",
        "&#x2f;",
        "&nbsp;",
        "\u00a0",
        "\u200b",
        "\u200d",
        "\u00ad",
        "\u202e",
        "\u034f",
        "\ufe0f",
        "\x00",
    ),
    *(
        "https://",
        "http://",
        "//",
        "www.",
        "https:",
        "evil.example",
        "/login",
        "app.logrocket.com",
        "@",
        ":",
        ".",
        "/..",
        "?",
    ),
    *(
        "https://app.logrocket.com",
        "https://app.logrocket.com/acme/shop/s/5-1/0?t=1",
        "javascript:alert(1)",
        "mailto:a@b.co",
    ),
    *(
        "<script>",
        "</p>",
        "<a href=",
        "<!--",
        "-->",
        "[1]: ",
        "[1]",
        "word",
        "\U0001f469\u200d\U0001f467",
        "\u4f60",
        "\u0647",
        "\U0001f3f4\U000e0067\U000e0062",
        "\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u3002",
        "\u201d",
        "x",
    ),
]
HOSTILE = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@settings(unhurried, max_examples=300)
@given(summary=HOSTILE, text=HOSTILE)
@example(summary="{\u034f{", text="https:/\ufe0f/evil.example")
def test_no_mix_of_hostile_pieces_breaks_the_rules(summary: str, text: str) -> None:
    note(summary, text)
    note(text, summary, project=BELOW_A_PATH)


@unhurried
@given(summary=st.text(), text=st.text(), email=st.none() | st.text(min_size=1, max_size=40))
def test_no_text_breaks_the_rules(summary: str, text: str, email: str | None) -> None:
    note(summary, text, email=email, external_id="cus_4711")


@settings(unhurried, max_examples=8)
@given(piece=HOSTILE.filter(bool), repeats=st.integers(1_000, 2_000))
def test_no_long_text_breaks_the_rules(piece: str, repeats: int) -> None:
    note((piece * repeats)[:30_000])


@unhurried
@given(project=st.sampled_from([PROJECT, BELOW_A_PATH]), url=st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_no_address_is_held_to_be_logrockets_that_is_not(project: Project, url: str) -> None:
    for tried in (url, project.app_url + url, "https://" + url):
        assert not project.holds(tried) or leads_to_logrocket(tried, project)


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
    made = render(
        Highlights(summary="x", sessions=sessions),
        request_id=REQUEST_ID,
        project=PROJECT,
        email="a@b.example",
        external_id=None,
    )
    keeps_the_rules(made)
    assert "sessions?" in made
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "markdown",
    [
        "https://app.logrocket.com/a{evil.example/login",
        "https://app.logrocket.com/*evil.example/login*",
        "https://app.logrocket.com/`evil.example/login`",
        "https://app.logrocket.com/[evil.example/login](https://evil.example)",
        "\u00e9vil.example/x",
        "evil.\u0440\u0444/x",
        "evil.xn--p1ai/x",
        "1.2.3.4/x",
    ],
)
def test_what_would_be_shown_as_a_url_of_its_own_is_defanged(markdown: str) -> None:
    shown = re.sub(r'href="[^"]*"', "", note(markdown))
    assert not re.search(r"[^\W_]\.(example|\u0440\u0444|xn--p1ai)/|3\.4/", shown)


@pytest.mark.parametrize(
    "domain",
    [
        "\u0909\u0926\u093e\u0939\u0930\u0923.\u092a\u0930\u0940\u0915\u094d\u0937\u093e",
        "\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.\u0627\u06cc\u200c\u0631\u0627\u0646",
    ],
)
def test_a_domain_of_letters_with_marks_and_joiners_is_defanged_whole(domain: str) -> None:
    made = note(f"{domain}/x", f"{domain}/x.")
    assert domain not in made
    assert made.count(domain.replace(".", "[.]")) == 2


def test_deep_lists_are_shown_to_their_end() -> None:
    assert "deepest" in note(
        "".join(f"{'  ' * depth}- level {depth}\n" for depth in range(15)) + "  " * 15 + "- deepest"
    )
