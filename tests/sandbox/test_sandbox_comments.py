"""What the stand-in for Zendesk makes of a comment's text."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from sandbox import Comment, Sandbox

Call = Callable[..., requests.Response]


@pytest.fixture
def stored(sandbox: Sandbox, api: Call) -> Callable[..., Comment]:
    """Stores a comment and returns what became of it."""

    def store(text: str, kind: str = "html_body", **filed: str) -> Comment:
        number = sandbox.zendesk.file_ticket(**filed)  # type: ignore[arg-type]  # a few of its texts
        assert api("PUT", f"tickets/{number}", json={"ticket": {"comment": {kind: text, "public": False}}}).ok
        return sandbox.zendesk.comments(number)[-1]

    return store


def inner(comment: Comment) -> str:
    return comment.html_body.removeprefix('<div class="zd-comment" dir="auto">').removesuffix("</div>")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
        ("<iframe src='https://x.example'></iframe>c", "c"),
        ("<form><input name=a>d</form>", "d"),
        ("<p onclick='x()' style='color:red'>e</p>", "<p>e</p>"),
        ("<a href='javascript:alert(1)'>f</a>", "<a>f</a>"),
        ("<a href='java{{x}}script:alert(1)'>f</a>", "<a>f</a>"),
        (
            "<a href='https://app.logrocket.com/a?t=1&amp;u=2'>g</a>",
            '<a href="https://app.logrocket.com/a?t=1&amp;u=2">g</a>',
        ),
        ("<b>unclosed", "<b>unclosed</b>"),
        ("a &lt;script&gt; b", "a &lt;script&gt; b"),
    ],
)
def test_html_is_sanitised(stored: Callable[..., Comment], sent: str, kept: str) -> None:
    assert inner(stored(sent)) == kept


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("by {{ticket.requester.email}}!", "by ada@shop.example!"),
        ("{{ ticket.title }}", "T &lt;b&gt;"),
        ("a{{no.such.thing}}b", "ab"),
        ("a{% if true %}b{% endif %}", "ab"),
        ("&#123;&#123;ticket.status}}", "New"),
        ("<code>{{ticket.id}}</code> {{ticket.status}}", "<code>{{ticket.id}}</code> New"),
        ("{<b></b>{ticket.id}}", "{<b></b>{ticket.id}}"),
        ("{\u200b{ticket.id}}", "{\u200b{ticket.id}}"),
        ("{{ never closed", "{{ never closed"),
        ("{{TICKET.ID}}", ""),
    ],
)
def test_placeholders_are_rendered_and_unknown_ones_vanish(
    stored: Callable[..., Comment], sent: str, shown: str
) -> None:
    assert inner(stored(sent, subject="T <b>")) == shown


@pytest.mark.parametrize(
    ("sent", "linked"),
    [
        ("see https://evil.example/a?b=1.", 'see <a href="https://evil.example/a?b=1">https://evil.example/a?b=1</a>.'),
        ("www.evil.example", '<a href="http://www.evil.example">www.evil.example</a>'),
        ("<code>http://x.example</code>", '<code><a href="http://x.example">http://x.example</a></code>'),
        ('<a href="https://x.example">https://x.example</a>', '<a href="https://x.example">https://x.example</a>'),
        ("evil[.]example", "evil[.]example"),
    ],
)
def test_bare_addresses_become_links(stored: Callable[..., Comment], sent: str, linked: str) -> None:
    assert inner(stored(sent)) == linked


@pytest.mark.parametrize(("letter", "kept"), [("a", 65536), ("ü", 32768)])
def test_a_long_comment_is_cut_off_without_an_error(stored: Callable[..., Comment], letter: str, kept: int) -> None:
    assert inner(stored(letter * 70_000)) == letter * kept


def test_the_html_of_a_plain_body_is_stripped(stored: Callable[..., Comment]) -> None:
    comment = stored("one <b>two</b>\nthree\n\nfour & <script>x</script>{{nothing}}\\{{kept}}", "body")
    assert inner(comment) == "<p>one two<br>three</p><p>four &amp; {{kept}}</p>"
    assert comment.plain_body == "one two\nthree\n\nfour & {{kept}}"


def test_the_plain_body_has_the_words(stored: Callable[..., Comment]) -> None:
    comment = stored("<p>One<br>two</p><ul><li>a</li><li>b &amp; c</li></ul>")
    assert comment.plain_body == "One\ntwo\n\n- a\n- b & c"
