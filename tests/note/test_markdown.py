"""Which HTML Markdown becomes, and that nothing else in it becomes HTML."""

from __future__ import annotations

import re

import pytest

from tests.note.notes import BIDI, body, note


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


def test_deep_lists_are_shown_to_their_end() -> None:
    assert "deepest" in note(
        "".join(f"{'  ' * depth}- level {depth}\n" for depth in range(15)) + "  " * 15 + "- deepest"
    )


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


@pytest.mark.parametrize("character", [*BIDI, *map(chr, range(32)), *map(chr, range(127, 160))])
def test_control_and_bidi_characters_are_removed(character: str) -> None:
    if character not in "\n\t":
        for markdown in (f"a{character}b", f"`a{character}b`", f"[a{character}b](https://app.logrocket.com/x)"):
            assert character not in note(markdown, markdown)
