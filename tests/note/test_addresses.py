"""A link leads to LogRocket or is none, and no text looks like an address that a place would make a link of."""

from __future__ import annotations

import re

import pytest

from tests.note.notes import BELOW_A_PATH, REPLAY, body, note


@pytest.mark.parametrize(
    "url",
    [REPLAY, "https://app.logrocket.com", "HTTPS://APP.LOGROCKET.COM/acme", f"{REPLAY}?t=1&x=%7B%7Bticket.id%7D%7D"],
)
def test_a_link_to_logrocket_stays_a_link(url: str) -> None:
    made = note(f"[click]({url})")
    assert re.search(r'<p><a href="[^"]+">click</a></p>', made)


def test_a_url_of_logrocket_in_the_text_stays_as_it_is() -> None:
    for url in (REPLAY, f"{REPLAY}?t=1715564734801", "https://app.logrocket.com"):
        for markdown in (url, f"See {url}.", f"({url})", f"<{url}>", f"`{url}`"):
            assert url in note(markdown)


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
    assert made.count("<a ") == 2  # the session's own, and the one to all sessions
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
        assert body(note(markdown, links=BELOW_A_PATH)).count("<a ") == 0


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
    for made in (note(markdown), note("x", markdown), note(f"*{markdown}*"), note(markdown, links=BELOW_A_PATH)):
        assert "Highlights request" in made


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
