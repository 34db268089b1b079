"""Notes as tests make them, and the rules that every note keeps, checked without the code that keeps them."""

from __future__ import annotations

import html
import re
import unicodedata
from html.parser import HTMLParser
from urllib.parse import urlsplit

from hypothesis import HealthCheck, settings

from integration.facts import Highlights, Person, Session
from integration.logrocket.links import ProjectLinks
from integration.note import compose
from integration.zendesk.note import render

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

ADA = Person(email="ada@shop.example")

REQUEST_ID = "0cc12cad4b5b8b93760edf7fb5731ac66fbc8a766f9431df6c1e72b214ed6a65"
LAST_LINE = "Highlights request 0cc12cad4b5b"
LINKS = ProjectLinks(app_url="https://app.logrocket.com", org="acme", app="shop")
BELOW_A_PATH = ProjectLinks(app_url="https://lr.acme.example/rocket", org="acme", app="shop")
REPLAY = "https://app.logrocket.com/acme/shop/s/5-14de/0"
ALLOWED = {"p", "br", "strong", "em", "code", "ul", "ol", "li", "a", "blockquote"}
INLINE = {"strong", "em", "code", "a"}
BIDI = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def session(text: str = "The user pays", place: str = "5-14de/0") -> Session:
    return Session(place=place, text=text)


def note(summary: str = "", *texts: str, links: ProjectLinks = LINKS, person: Person = ADA) -> str:
    """The note, which keeps all rules."""
    highlights = Highlights(summary=summary, sessions=tuple(session(text) for text in texts))
    return note_of(highlights, links=links, person=person)


def note_of(highlights: Highlights | None, *, links: ProjectLinks = LINKS, person: Person = ADA) -> str:
    """The note of these highlights, which keeps all rules."""
    assert highlights is not None
    made = render(compose(highlights, request_id=REQUEST_ID, links=links, person=person))
    keeps_the_rules(made, links)
    return made


def body(made: str) -> str:
    """The note without its heading and its last line."""
    paragraphs = made.removesuffix(f"<p>{LAST_LINE}</p>")
    return paragraphs.split("</p>", 1)[1].strip()


class Seen(HTMLParser):
    """What a browser would meet."""

    def __init__(self, made: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.others: list[str] = []
        self.feed(made)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.texts.append("" if tag in INLINE else "\n")
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.texts.append("" if tag in INLINE else "\n")
        if tag != "br":
            assert self.open
            assert self.open.pop() == tag, "tags cross each other"

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        self.others.append(data)

    def handle_decl(self, decl: str) -> None:
        self.others.append(decl)

    def handle_pi(self, data: str) -> None:
        self.others.append(data)

    def unknown_decl(self, data: str) -> None:
        self.others.append(data)


INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
)
BARE_URL = re.compile(r"(?:https?://|www\.)[^\s<>]*", re.IGNORECASE)


def keeps_the_rules(made: str, links: ProjectLinks = LINKS) -> None:
    seen = Seen(made)
    assert len(made.encode()) <= 60_000
    assert set(seen.tags) <= ALLOWED
    assert {(tag, name) for tag, name, _ in seen.attributes} <= {("a", "href")}
    assert seen.others == []
    assert seen.open == []
    for _, _, href in seen.attributes:
        assert leads_to_logrocket(href, links), href
    made_of_text = "".join(seen.texts)
    for text in (made, html.unescape(made), made_of_text, re.sub("<[^>]*>", "", made)):
        for shown in (text, INVISIBLE.sub("", text), unicodedata.normalize("NFC", text)):
            for placeholder in ("{{", "}}", "{%", "%}"):
                assert placeholder not in shown
    odd = [each for each in html.unescape(made) if unicodedata.category(each) in {"Cc", "Cs"} or each in BIDI]
    assert set(odd) <= {"\n", "\t"}
    foreign = [url for text in (made_of_text, *seen.texts) for url in BARE_URL.findall(text) if not fine(url, links)]
    assert foreign == []
    assert made.endswith(f"<p>{LAST_LINE}</p>")


def leads_to_logrocket(href: str, links: ProjectLinks) -> bool:
    """Whether a browser that follows `href` ends up in the application, and below its path."""
    own = urlsplit(links.app_url)
    try:
        found = urlsplit(re.sub(r"[\t\r\n]", "", href.strip()).replace("\\", "/"))
        port = found.port
    except ValueError:
        return False
    path: list[str] = []
    for segment in re.sub("%2e", ".", found.path, flags=re.IGNORECASE).split("/"):
        if segment == "..":
            path = path[:-1]
        elif segment != ".":
            path.append(segment)
    return (
        (found.scheme, found.hostname, port) == (own.scheme, own.hostname, own.port)
        and found.username is None
        and found.password is None
        and ("/".join(path) + "/").startswith(own.path + "/")
    )


def fine(url: str, links: ProjectLinks) -> bool:
    """Whether an autolinker may link this text, and every address that begins inside it."""
    url = url.rstrip(".,;:!?'\"()[]")  # which belongs to the sentence, for any autolinker
    starts = [found.start() for found in re.finditer(r"https?://|www\.", url, re.IGNORECASE)]
    return all(leads_to_logrocket(url[start:], links) for start in starts)


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
BOMBS = {
    "quotes nested 5,000 deep": "> " * 5_000 + "x",
    "lists nested 5,000 deep": "".join("  " * depth + "- x\n" for depth in range(300)) + "- " * 5_000,
    "10,000 links": "[x](https://app.logrocket.com/x) " * 10_000,
    "10,000 foreign links": "[x](https://evil.example/x) " * 10_000,
    "10,000 links to references": "[x][1] " * 10_000 + "\n\n[1]: https://evil.example",
    "10,000 definitions": "".join(f"[{number}]: x\n" for number in range(10_000)) + "[9]" * 10_000,
    "10 MB of words": "word " * 2_000_000,
    "10 MB of one word": "x" * 10_000_000,
    "10 MB of line ends": "\n" * 10_000_000,
    "10 MB of lines": "x\n" * 5_000_000,
    "emphasis, one star": "*a " * 30_000,
    "emphasis, mixed": "*a **b _c __d " * 5_000,
    "emphasis, stars alone": "*" * 60_000,
    "emphasis, nested": "**a " * 15_000 + "a** " * 15_000,
    "emphasis, alternating": "a**b" + "c* " * 20_000,
    "emphasis, underscores": "_a__b" * 12_000,
    "100,000 brackets": "[" * 100_000,
    "100,000 brackets, closed": "[" * 50_000 + "]" * 50_000,
    "brackets of images": "![" * 50_000,
    "brackets under the limit": "[" * 4_900 + "a" + "](x)" * 4_900,
    "links that never close": "[a](" * 20_000,
    "links that never close, with angles": "[a](<b" * 10_000,
    "backticks of every length": "".join("e" + "`" * length for length in range(345)),
    "angles": "<" * 60_000,
    "comments": "<!--" * 15_000,
    "tags": "<a b='" * 10_000,
    "entities": "&" * 60_000,
    "backslashes": "\\" * 60_000,
    "headings": "# x\n" * 15_000,
    "fences": "```\n" * 15_000,
    "tables": "|" * 60_000,
    "URLs in one word": "https://evil.example/" * 3_000,
    "dots in one word": "a." * 30_000 + "com/",
    "dashes": "-" * 60_000,
    "letters before a dot": "a" * 59_000 + ".",
    "letters that could be a name": "a.aa" * 15_000,
    "a wide header over many rows": f"|{'*h*' * 9_000}|\n|-|\n" + "|x|\n" * 4_900,
    "many tables": ("|" + "h" * 240 + "|\n|-|\n" + "|x|\n" * 90 + "\n") * 100,
    "many tables in a list": "- x\n\n" + ("  |" + "*h*" * 80 + "|\n  |-|\n" + "  |x|\n" * 90 + "\n") * 50,
    "a table of many columns": "|a" * 3_000 + "|\n" + "|-" * 3_000 + "|\n" + "|\n" * 4_900,
    "numbered lists cut in two": "2. x\n\ny\n\n" * 6_000,
    "numbered items": "2. x\n3. y\n" * 6_000,
    "full stops": "https://evil.example/" + "." * 60_000,
    "tag characters": "\U0001f3f4" + "\U000e0067" * 60_000,
    "selectors": "\u845b\ufe00" * 30_000,
    "places of sessions": "a/s/" * 15_000,
    "braces": "{" * 60_000,
    "joiners": "\u4f60\u200d" * 30_000,
}
